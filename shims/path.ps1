# headroom shims: begin
$env:PATH = @FOLDER@ + [IO.Path]::PathSeparator + $env:PATH
# headroom shims: end
