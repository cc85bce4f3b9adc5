from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proxy.loopback import Proxy, Upstream, proxy

# the providers' clients that fit beside mitmproxy fail by themselves on 3.10 (docs/dependencies.md)
collect_ignore = ["test_sdks.py"] if sys.version_info < (3, 11) else []


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream().running() as running:
        yield running


@pytest.fixture
def running(upstream: Upstream, tmp_path: Path) -> Iterator[Proxy]:
    """The real proxy in front of the scripted upstream."""
    with proxy(tmp_path, upstream=upstream.url) as started:
        yield started
