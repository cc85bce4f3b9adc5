"""`python -m headroom_wrap.proxy`: options as one line of JSON on stdin in, one ready line on stdout, then it serves.

The ready line is `{"base": port, "connect": port, "ca": bundle file}`. It ends when stdin closes, and at SIGTERM.
Exit code 2 and one line on stderr: it could not start.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys

from headroom_wrap import host


def main() -> int:
    """-> the exit code."""
    for name in host.signals("SIGINT", "SIGHUP"):  # Ctrl-C is the agent's; workers inherit this from their first moment
        signal.signal(name, signal.SIG_IGN)
    gc.disable()  # until it accepts (`server`): collections are a quarter of the imports' 0.5 s
    from headroom_wrap.proxy.options import parse  # noqa: PLC0415
    from headroom_wrap.proxy.server import serve  # noqa: PLC0415

    logging.basicConfig(format="headroom: %(message)s", level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("mitmproxy").setLevel(logging.ERROR)
    logging.getLogger("mitmproxy.addons.proxyserver").setLevel(logging.CRITICAL)  # we say ourselves what it says
    try:
        options = parse(sys.stdin.buffer.readline())
        return asyncio.run(serve(options))
    except (ValueError, OSError) as error:
        print(f"headroom: the proxy did not start: {error}", file=sys.stderr)  # noqa: T201
        return 2


if __name__ == "__main__":
    sys.exit(main())
