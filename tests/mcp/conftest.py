from __future__ import annotations

import sys

# no release of mcp fits beside mitmproxy on 3.10 (docs/dependencies.md)
collect_ignore = ["test_server.py"] if sys.version_info < (3, 11) else []
