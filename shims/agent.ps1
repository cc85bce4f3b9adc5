# Made by `headroom shim install @NAME@`; `headroom shim uninstall @NAME@` takes it away.
# HEADROOM_SHIM=0, or --no-headroom among the arguments: @COMMAND@ as without headroom.
$given = @($args | Where-Object { $_ -ne '--no-headroom' })
$off = $given.Count -lt $args.Count -or $env:HEADROOM_SHIM -in '0', 'false', 'no', 'off'
if (-not $off -and (Test-Path @PYTHON@) -and (Test-Path @PACKAGE@) -and (Test-Path @HEADROOM@)) {
    $command = @HEADROOM@
    $given = @('wrap', '--quiet', '@NAME@', '--') + $given
} else {
    $command = Get-Command -All -CommandType Application, ExternalScript '@COMMAND@' -ErrorAction SilentlyContinue |
        Where-Object { -not (Test-Path (Join-Path (Split-Path $_.Source) '.headroom-shims')) } |
        Select-Object -First 1 -ExpandProperty Source
    if (-not $command) {
        [Console]::Error.WriteLine("@COMMAND@: not found (headroom's shim is the only one on PATH)")
        exit 127
    }
}
if ($MyInvocation.ExpectingInput) { $input | & $command @given } else { & $command @given }
exit $LASTEXITCODE
