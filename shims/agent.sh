#!/bin/sh
# Made by `headroom shim install @NAME@`; `headroom shim uninstall @NAME@` takes it away.
# HEADROOM_SHIM=0, or --no-headroom among the arguments: @COMMAND@ as without headroom.
through=${HEADROOM_SHIM:-1} options=1
for given; do
    shift
    case $options$given in
        1--no-headroom) through=0 ;;
        1--) options=0 && set -- "$@" -- ;;
        *) set -- "$@" "$given" ;;
    esac
done
case $through in
    0 | false | no | off) ;;
    *) if [ -x @PYTHON@ ] && [ -e @PACKAGE@ ]; then exec @HEADROOM@ wrap --quiet @NAME@ -- "$@"; fi ;;
esac
set -f
IFS=:
for folder in $PATH; do
    folder=${folder:-.}
    if [ -f "$folder/@COMMAND@" ] && [ -x "$folder/@COMMAND@" ] && [ ! -e "$folder/.headroom-shims" ]; then
        exec "$folder/@COMMAND@" "$@"
    fi
done
echo "@COMMAND@: not found (headroom's shim is the only one on PATH)" >&2
exit 127
