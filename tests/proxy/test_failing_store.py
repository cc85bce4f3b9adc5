"""The real proxy on a disk that is full or read-only, and with a database that is locked or damaged, in mid-session."""

from __future__ import annotations

import itertools
import resource
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from headroom_wrap.store.database import NAME
from headroom_wrap.store.local import LocalStore
from tests.proxy.bodies import LISTING, conversation, results
from tests.proxy.loopback import Proxy, Upstream, children, proxy, unprivileged

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits a process from outside"),
]


def assert_the_history_stood(upstream: Upstream) -> None:
    """Each body that was received, without its closing brackets, starts the next one."""
    sent = [received.body.removesuffix(b"]}") for received in upstream.received]
    assert all(after.startswith(before) for before, after in itertools.pairwise(sent))


def tree(home: Path) -> dict[str, bytes]:
    """-> every file under a folder, and what stands in it."""
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@contextmanager
def full_disk(running: Proxy) -> Iterator[None]:
    """No file of the proxy and its workers may grow, as where the disk is full."""
    pids = [running.child.pid, *children(running.child.pid)]
    before = resource.prlimit(pids[0], resource.RLIMIT_FSIZE)
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only(home: Path) -> Iterator[None]:
    """Nobody may change anything under a folder."""
    modes = {path: path.stat().st_mode for path in (home, *home.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def test_on_a_full_disk_new_results_go_as_they_came_and_what_was_sent_stands(
    running: Proxy, upstream: Upstream
) -> None:
    running.post(conversation(2))
    with full_disk(running):
        assert running.post(conversation(3)).status == 200
        assert running.post(conversation(4)).status == 200
    running.post(conversation(5))
    running.post(conversation(6))
    assert_the_history_stood(upstream)
    whole = [text == LISTING for text in results(upstream.received[-1].body)]
    assert whole == [True, False, True, True, False, False]
    assert [row["segments"] for row in running.exchanges()] == [2, 3, 4, 5, 6]


def test_the_next_proxy_knows_what_went_as_it_came_on_a_full_disk(
    running: Proxy, upstream: Upstream, tmp_path: Path
) -> None:
    running.post(conversation(2))
    with full_disk(running):
        running.post(conversation(3))
    running.post(conversation(3))
    running.stop()
    with proxy(tmp_path, upstream=upstream.url) as another:
        another.post(conversation(4))
    assert_the_history_stood(upstream)


def test_a_folder_that_becomes_read_only_holds_nobody_up(upstream: Upstream, tmp_path: Path) -> None:
    with proxy(tmp_path, rights=unprivileged, upstream=upstream.url) as running:
        running.post(conversation(2))
        with read_only(tmp_path):
            assert running.post(conversation(3)).status == 200
        running.post(conversation(4))
    assert_the_history_stood(upstream)


def test_a_proxy_started_on_a_read_only_folder_repeats_what_was_sent_and_changes_nothing(
    upstream: Upstream, tmp_path: Path
) -> None:
    with proxy(tmp_path, upstream=upstream.url) as first:
        first.post(conversation(2))
    with read_only(tmp_path):
        before = tree(tmp_path)
        with proxy(tmp_path, rights=unprivileged, upstream=upstream.url) as running:
            assert running.post(conversation(3)).status == 200
        assert tree(tmp_path) == before
    assert_the_history_stood(upstream)
    assert results(upstream.received[1].body)[2] == LISTING


@pytest.mark.slow
def test_a_locked_database_holds_a_request_up_once_and_no_longer(running: Proxy, upstream: Upstream) -> None:
    """Three seconds once in a request, and not for each of its results: the worker is not taken for one that hangs."""
    running.post(conversation(2))
    with closing(sqlite3.connect(running.home / NAME, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        assert running.post(conversation(12)).status == 200
    running.post(conversation(13))
    assert_the_history_stood(upstream)
    rows = running.exchanges()
    assert [(row["segments"], row["problem"]) for row in rows if row["segments"] > 2] == [(12, ""), (13, "")]


@pytest.mark.parametrize("damage", [b"", b"this is no database" * 1000])
def test_a_damaged_database_is_made_anew_and_no_original_is_lost(
    damage: bytes, running: Proxy, upstream: Upstream, tmp_path: Path
) -> None:
    running.post(conversation(3))
    running.stop()
    (tmp_path / NAME).write_bytes(damage)
    with proxy(tmp_path, upstream=upstream.url) as another:
        assert another.post(conversation(4)).status == 200
        assert len(another.exchanges()) == 1
    assert_the_history_stood(upstream)
    with closing(sqlite3.connect(tmp_path / NAME)) as made:
        rows = made.execute("SELECT DISTINCT ref FROM decisions WHERE ref != ''").fetchall()
    assert [LocalStore(tmp_path).restore(ref) for (ref,) in rows] == [LISTING]
    assert (tmp_path / f"{NAME}.corrupt-1").read_bytes() == damage
