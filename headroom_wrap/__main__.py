"""`python -m headroom_wrap`: the same as the `headroom` command."""

from headroom_wrap.cli import main

main()
