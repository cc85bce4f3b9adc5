"""Decisions in, the same decisions out: across processes, faults and time."""

from __future__ import annotations

import gc
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from headroom_wrap.segment import Outcome
from headroom_wrap.store import Unavailable, UnknownRef
from headroom_wrap.store.database import NAME
from headroom_wrap.store.local import LocalStore
from headroom_wrap.store.retention import Removed

ROOT = Path(__file__).parents[2]
GONE = Outcome(None, why="small", before=12, after=12, tool="Bash")
SENT = Outcome("short\ud800 form", "logs+search", "9 of 10 lines", "4f2a9c0000x", 900, 90, "", "Bash")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Iterator[LocalStore]:
    opened = LocalStore.open(home)
    yield opened
    opened.close()


def elsewhere(home: Path, keys: list[bytes]) -> dict[bytes, Outcome]:
    """-> what another process would read."""
    other = LocalStore(home)
    found = other.decided(keys)
    other.close()
    return found


def test_opening_touches_nothing(store: LocalStore, home: Path) -> None:
    assert not home.exists()


def test_what_was_decided_is_read_by_another_process(store: LocalStore, home: Path) -> None:
    big = Outcome("x" * 5000 + "é", "records", ref="r", before=2000, after=1000)
    new = {b"a": GONE, b"b": SENT, b"c": big}
    assert store.decide(new) == new
    other = LocalStore(home)
    assert other.decided([b"a", b"b", b"c", b"d", b"a"]) == new
    assert all(outcome.replayed for outcome in other.decided([b"a", b"b", b"c"]).values())
    other.close()


def test_large_texts_lie_compressed(store: LocalStore, home: Path) -> None:
    store.decide({b"k": Outcome("line of text\n" * 10_000)})
    with sqlite3.connect(home / NAME) as raw:
        assert raw.execute("SELECT length(outcome) FROM decisions").fetchone()[0] < 2000
    raw.close()


def test_the_first_writer_of_a_key_wins(store: LocalStore, home: Path) -> None:
    late = LocalStore(home)
    store.decide({b"k": SENT})
    assert late.decide({b"k": GONE, b"new": GONE}) == {b"k": SENT, b"new": GONE}
    assert late.decided([b"k"]) == {b"k": SENT}
    late.close()


def test_more_keys_than_sqlite_takes_at_once(store: LocalStore, home: Path) -> None:
    new = {str(number).encode(): Outcome(None, why=str(number)) for number in range(2000)}
    store.decide(new)
    other = LocalStore(home)
    assert other.decided(list(new)) == new
    other.close()


def test_processes_that_race_agree(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from headroom_wrap.store.local import LocalStore;"
        "from headroom_wrap.segment import Outcome; store = LocalStore(Path(sys.argv[1]));"
        "held = {};"
        "[held.update(store.decide({b'%d' % n: Outcome(sys.argv[2])})) for n in range(100)];"
        "print(','.join(o.text for _, o in sorted(held.items()))); store.close()"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", code, str(home), name], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for name in "abcdef"
    ]
    printed = [racer.communicate()[0] for racer in racers]
    assert printed[0] and printed == printed[:1] * 6
    with sqlite3.connect(home / NAME) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()


def test_what_a_killed_process_had_said_is_still_there(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from headroom_wrap.store.local import LocalStore;"
        "from headroom_wrap.segment import Outcome; from itertools import count; store = LocalStore(Path(sys.argv[1]));"
        "told = lambda n, ref: store.decide({b'%s %d' % (sys.argv[2].encode(), n): Outcome('form', ref=ref)}) and"
        " print(n, ref, flush=True);"
        "[told(n, store.keep(f'{sys.argv[2]} {n} ' * 300)) for n in count()]"
    )
    writers = {
        name: subprocess.Popen(
            [sys.executable, "-c", code, str(home), name], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for name in "abcd"
    }
    told: list[tuple[str, str, str]] = []
    for wanted, (name, writer) in zip((1, 7, 20, 40), writers.items(), strict=True):
        assert writer.stdout is not None
        told += [(name, *writer.stdout.readline().split()) for _ in range(wanted)]  # type: ignore[misc]
        writer.kill()
        told += [(name, *line.split()) for line in writer.stdout if line.endswith("\n")]  # type: ignore[misc]
        writer.stdout.close()
        writer.wait()
    store = LocalStore(home)
    for name, number, ref in told:
        assert store.restore(ref) == f"{name} {number} " * 300
        assert store.decided([f"{name} {number}".encode()]) == {f"{name} {number}".encode(): Outcome("form", ref=ref)}
    store.close()
    with sqlite3.connect(home / NAME) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()


def test_the_file_is_private_and_in_wal_mode(store: LocalStore, home: Path) -> None:
    store.decide({b"k": GONE})
    assert stat.S_IMODE((home / NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    with sqlite3.connect(home / NAME) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    raw.close()


def test_a_corrupt_file_is_set_aside_and_originals_remain(store: LocalStore, home: Path) -> None:
    ref = store.keep("original", tool="Bash")
    (home / NAME).write_bytes(b"this is no database" * 1000)
    assert store.decided([b"k"]) == {}
    store.decide({b"k": SENT})
    assert store.restore(ref) == "original"
    assert (home / f"{NAME}.corrupt-1").read_bytes().startswith(b"this is no")


def test_two_that_find_the_same_corrupt_file_set_it_aside_once(store: LocalStore, home: Path) -> None:
    store.decide({b"before": GONE})
    store.close()
    (home / NAME).write_bytes(b"this is no database" * 1000)
    late = LocalStore(home)
    with pytest.raises(sqlite3.DatabaseError):
        late._database._opened()
    assert store.decide({b"after": SENT}) == {b"after": SENT}
    late._database._set_aside()
    assert late.decided([b"after"]) == {b"after": SENT}
    assert [path.name for path in home.glob(f"{NAME}.corrupt-*")] == [f"{NAME}.corrupt-1"]
    late.close()


def test_a_decision_that_retention_removes_while_it_is_replayed_is_made_anew(store: LocalStore, home: Path) -> None:
    """Between reading the row and renewing it: then it is as if it had not been read."""
    ref = kept(store, "an older one", 31)
    kept(store, "another old one", 31)
    resumed = LocalStore(home)
    write = resumed._database.write
    resumed._database.write = lambda work: (store.sweep(30, 10**9), write(work))[1]  # type: ignore[method-assign]
    assert resumed.decided([b"an older one"]) == {}
    resumed._database.write = write  # type: ignore[method-assign]
    assert resumed.keep("an older one", tool="Bash") == ref
    assert resumed.decide({b"an older one": SENT}) == {b"an older one": SENT}
    assert store.restore(ref) == "an older one"
    resumed.close()


def test_a_replayed_decision_is_renewed_before_it_is_sent(store: LocalStore, home: Path) -> None:
    ref = kept(store, "an older one", 31)
    resumed = LocalStore(home)
    assert resumed.decided([b"an older one"]) == {b"an older one": Outcome("form", ref=ref)}
    assert store.sweep(30, 1) == Removed(0, 0, 0)
    assert store.restore(ref) == "an older one"
    assert elsewhere(home, [b"an older one"])
    resumed.close()


def test_a_decision_that_cannot_be_renewed_now_is_known_and_renewed_later(
    store: LocalStore, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headroom_wrap.store.database.BUSY_MS", 20)
    ref = kept(store, "an older one", 31)
    resumed = LocalStore(home)
    with closing(sqlite3.connect(home / NAME, isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        assert resumed.decided([b"an older one"]) == {b"an older one": Outcome("form", ref=ref)}
    assert resumed.decided([b"an older one"]) == {b"an older one": Outcome("form", ref=ref)}
    assert store.sweep(30, 1) == Removed(0, 0, 0)
    resumed.close()


def test_an_empty_file_is_set_aside(store: LocalStore, home: Path) -> None:
    home.mkdir()
    (home / NAME).touch()
    assert store.decide({b"k": SENT}) == {b"k": SENT}
    assert elsewhere(home, [b"k"]) == {b"k": SENT}


def test_what_is_remembered_is_known_while_the_file_cannot_be_read(store: LocalStore, home: Path) -> None:
    store.decide({b"k": SENT})
    store.close()
    for path in home.glob(NAME + "*"):
        path.unlink()
    (home / NAME).mkdir()
    assert store.decided([b"k", b"new"]) == {b"k": SENT}
    with pytest.raises(Unavailable):
        store.decided([b"new"])


def test_a_store_that_nobody_uses_any_more_is_closed(home: Path) -> None:
    store = LocalStore(home)
    store.decide({b"k": GONE})
    (connection,) = [each for each in gc.get_objects() if isinstance(each, sqlite3.Connection) and _is_at(each, home)]
    del store
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def _is_at(connection: sqlite3.Connection, home: Path) -> bool:
    with suppress(sqlite3.ProgrammingError):  # closed
        return connection.execute("PRAGMA database_list").fetchone()[2] == str(home / NAME)
    return False


def test_a_file_that_becomes_corrupt_while_open_is_set_aside(store: LocalStore, home: Path) -> None:
    store.decide({b"k%d" % number: Outcome("text" * 500 + str(number)) for number in range(200)})
    store.close()
    pages = bytearray((home / NAME).read_bytes())
    pages[4096:] = b"\x55" * (len(pages) - 4096)
    (home / NAME).write_bytes(pages)
    fresh = LocalStore(home)
    assert fresh.decided([b"k1"]) == {}
    assert fresh.decide({b"k1": GONE}) == {b"k1": GONE}
    assert (home / f"{NAME}.corrupt-1").exists()
    fresh.close()


def test_a_file_that_is_deleted_under_a_running_process_is_made_again(store: LocalStore, home: Path) -> None:
    store.decide({b"a": GONE})
    for path in home.glob(NAME + "*"):
        path.unlink()
    assert store.decide({b"b": GONE}) == {b"b": GONE}
    other = LocalStore(home)
    assert other.decided([b"a", b"b"]) == {b"b": GONE}
    other.close()


def test_a_locked_file_is_unavailable_with_no_half_state(
    store: LocalStore, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headroom_wrap.store.database.BUSY_MS", 20)
    store.decide({b"a": GONE})
    store.close()
    with sqlite3.connect(home / NAME, isolation_level=None) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unavailable, match="locked; end the program"):
            store.decide({b"b": GONE, b"c": GONE})
        lock.execute("ROLLBACK")
    lock.close()
    assert elsewhere(home, [b"b", b"c"]) == {}
    assert store.decide({b"b": GONE}) == {b"b": GONE}


def test_a_full_disk_is_unavailable_with_no_half_state(store: LocalStore, home: Path) -> None:
    store.decide({b"a": GONE})

    def limited(connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    limited(store._database._opened())
    with pytest.raises(Unavailable, match="full"):
        store.decide({b"k%d" % number: Outcome(os.urandom(4000).hex()) for number in range(20)})
    assert elsewhere(home, [b"k%d" % number for number in range(20)]) == {}
    assert store.decided([b"a"]) == {b"a": GONE}


def test_a_home_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("in the way")
    store = LocalStore(tmp_path / "home")
    with pytest.raises(Unavailable):
        store.decide({b"a": GONE})
    with pytest.raises(Unavailable):
        store.decided([b"a"])


def test_a_forked_child_opens_the_file_itself(store: LocalStore, home: Path) -> None:
    store.decide({b"a": GONE})
    child = os.fork()
    if child == 0:
        os._exit(0 if store.decide({b"child": SENT}) == {b"child": SENT} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store.decide({b"parent": GONE})
    assert store.decided([b"a", b"child", b"parent"]) == {b"a": GONE, b"child": SENT, b"parent": GONE}


def kept(store: LocalStore, text: str, age_days: float) -> str:
    """Keep a text and its decision as if last used so many days ago."""
    ref = store.keep(text, tool="Bash", call=f"make {text[:5]}")
    store.decide({text.encode(): Outcome("form", ref=ref)})
    (path,) = store.objects.paths(ref)
    used = path.stat().st_mtime - age_days * 86400
    os.utime(path, (used, used))
    store._database.write(
        lambda connection: connection.execute("UPDATE decisions SET used = ? WHERE ref = ?", (used, ref))
    )
    return ref


def test_unused_originals_expire_by_age_but_never_a_protected_one(store: LocalStore) -> None:
    old, running, young = kept(store, "old one", 31), kept(store, "running", 31), kept(store, "young one", 2)
    removed = store.sweep(30, 10**9, {running})
    assert (removed.originals, removed.decisions) == (1, 1)
    assert (store.restore(running), store.restore(young)) == ("running", "young one")
    with pytest.raises(UnknownRef, match="expired; run again: make old o"):
        store.restore(old)


def test_the_size_limit_takes_the_oldest_unused_first_and_spares_the_last_hour(store: LocalStore) -> None:
    texts = [os.urandom(2000).hex() for _ in range(4)]
    refs = [kept(store, text, age) for text, age in zip(texts, (3, 5, 4, 0), strict=True)]
    size = next(iter(store.objects.files())).size
    assert store.sweep(30, int(size * 2.5)).originals == 2
    alive = [bool(list(store.objects.files()) and readable(store, ref)) for ref in refs]
    assert alive == [True, False, False, True]
    assert store.sweep(30, 0).originals == 1
    assert readable(store, refs[3])


def readable(store: LocalStore, ref: str) -> bool:
    try:
        return bool(store.restore(ref))
    except UnknownRef:
        return False


def test_a_resumed_session_renews_what_it_replays(store: LocalStore, home: Path) -> None:
    ref = kept(store, "an older one", 29)
    resumed = LocalStore(home)
    resumed.decided([b"an older one"])
    resumed.decide({b"new turn": GONE})
    assert resumed.sweep(2, 10**9) == Removed(0, 0, 0)
    assert resumed.restore(ref) == "an older one"
    assert elsewhere(home, [b"an older one"])
    resumed.close()


def test_a_purged_text_is_nowhere_on_the_disk(store: LocalStore, home: Path) -> None:
    secret = "hunter2-hunter2-hunter2"
    ref = store.keep(secret, call=f"echo {secret}")
    other = store.keep("innocent")
    store.decide({b"k": Outcome(f"[{secret}]", ref=ref), b"o": Outcome("innocent form", ref=other)})
    removed = store.purge(refs=[ref])
    assert (removed.originals, removed.decisions) == (1, 1)
    assert not any(secret.encode() in path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert store.decided([b"k", b"o"]) == {b"o": Outcome("innocent form", ref=other)}
    assert store.restore(other) == "innocent"


def test_payloads_that_a_marker_names_are_kept_and_purged_with_the_whole(store: LocalStore, home: Path) -> None:
    def sent(name: str) -> tuple[str, str]:
        whole, payload = store.keep(f"{{{name}}}"), store.keep(f"payload of {name}")
        form = Outcome(f"[9 lines · headroom get {payload} --lines A-B]", ref=whole)
        store.decide({name.encode(): form})
        for path in (*store.objects.paths(whole), *store.objects.paths(payload)):
            os.utime(path, (1, 1))
        return whole, payload

    running, resumed, doomed = sent("running"), sent("resumed"), sent("doomed")
    store._database.write(lambda connection: connection.execute("UPDATE decisions SET used = 1"))
    other = LocalStore(home)
    other.decided([b"resumed"])
    other.decide({b"new": GONE})
    other.close()
    assert store.purge(refs=doomed[:1]).originals == 2
    assert store.sweep(30, 10**9, running[:1]) == Removed(0, 0, 0)
    assert [store.restore(ref) for ref in (running[1], resumed[1])] == ["payload of running", "payload of resumed"]


def test_a_purge_by_age_takes_tombstones_too(store: LocalStore, home: Path) -> None:
    old, young = kept(store, "old one", 31), kept(store, "young one", 2)
    store.sweep(30, 10**9)
    (tombstone,) = store.objects.paths(old)
    os.utime(tombstone, (1, 1))
    assert store.purge(before=1000.0).originals == 0
    assert store.objects.paths(old) == []
    assert store.restore(young) == "young one"


def test_purging_everything_leaves_no_original_and_no_decision(store: LocalStore, home: Path) -> None:
    (home / NAME).parent.mkdir()
    (home / f"{NAME}.corrupt-1").write_bytes(b"old")
    kept(store, "one", 1)
    removed = store.purge(everything=True)
    assert (removed.originals, removed.decisions) == (1, 1)
    assert sorted(path.name for path in home.rglob("*") if path.is_file() and path.stat().st_size) == sorted(
        {NAME} | {path.name for path in home.glob(NAME + "-*") if path.stat().st_size}
    )
    assert store.decided([b"one"]) == {}
