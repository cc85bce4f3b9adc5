from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proxy.loopback import Proxy, Upstream, proxy


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream().running() as running:
        yield running


@pytest.fixture
def running(upstream: Upstream, tmp_path: Path) -> Iterator[Proxy]:
    """The real proxy in front of the scripted upstream."""
    with proxy(tmp_path, upstream=upstream.url) as started:
        yield started
