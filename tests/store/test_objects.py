"""Originals in, references out: what resolves, what does not and why, and what stands on the disk."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_wrap.marker import digest, ref_of, valid
from headroom_wrap.store import Unavailable, UnknownRef
from headroom_wrap.store.objects import Kept, Objects

TEXT = "the quick brown fox\n" * 50


def only_file(home: Path) -> Path:
    (path,) = (home / "objects").glob("*/*")
    return path


def test_a_kept_text_comes_back_exactly(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    ref = objects.keep(TEXT, tool="Bash", call="cat fox")
    assert ref == ref_of(TEXT)
    assert objects.original(ref)[:4] == (ref, TEXT, "Bash", "cat fox")


@given(st.text(st.characters(), max_size=200))
def test_any_string_comes_back_exactly(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    objects = Objects(tmp_path_factory.mktemp("home"))
    assert objects.original(objects.keep(text)).text == text


def test_line_ends_nulls_and_lone_surrogates_survive(tmp_path: Path) -> None:
    text = "a\r\nb\r\0\ud800\u2028\x85"
    assert Objects(tmp_path).original(Objects(tmp_path).keep(text)).text == text


def test_files_are_private_and_compressed(tmp_path: Path) -> None:
    Objects(tmp_path / "home").keep(TEXT)
    path = only_file(tmp_path / "home")
    assert path.name == digest(TEXT) and path.parent.name == digest(TEXT)[:2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.stat().st_size < len(TEXT) / 2


def test_keeping_twice_gives_one_file_and_marks_it_used(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    ref = objects.keep(TEXT, tool="Bash", call="first")
    os.utime(only_file(tmp_path), (1, 1))
    assert objects.keep(TEXT, tool="Read", call="second") == ref
    assert only_file(tmp_path).stat().st_mtime > 1
    assert objects.original(ref).call == "first"


def test_reading_touches_nothing(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    ref = objects.keep(TEXT)
    os.utime(only_file(tmp_path), (1, 1))
    objects.original(ref)
    assert only_file(tmp_path).stat().st_mtime == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["objects"]


def test_a_text_that_shares_the_short_prefix_gets_a_longer_reference(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    name = digest(TEXT)
    other = name[:12] + ("0" * 39 if name[12] != "0" else "1" * 39)
    folder = tmp_path / "objects" / name[:2]
    folder.mkdir(parents=True)
    header = f'{{"ref": "{ref_of(TEXT)}", "tool": "", "call": "", "kept": 1}}\n'
    (folder / other).write_bytes(header.encode() + zlib.compress(b"another text"))
    ref = objects.keep(TEXT)
    assert ref == ref_of(TEXT, 13) and valid(ref)
    assert objects.original(ref).text == TEXT
    with pytest.raises(UnknownRef, match="damaged"):  # the short one still means the first, here a made-up one
        objects.original(ref_of(TEXT))
    (folder / other).unlink()
    with pytest.raises(UnknownRef, match="never stored"):  # and never comes to mean the second
        objects.original(ref_of(TEXT))
    assert objects.keep(TEXT) == ref


def test_a_mistyped_reference_is_refused(tmp_path: Path) -> None:
    ref = Objects(tmp_path).keep(TEXT)
    swapped = ref[0] + ref[2] + ref[1] + ref[3:]
    assert ref[1] != ref[2]
    for wrong in (swapped, ref[:-1], "", "../../etc/passwd", "i" * 11):
        with pytest.raises(UnknownRef, match="mistyped"):
            Objects(tmp_path).original(wrong)


def test_capitals_and_blanks_around_a_reference_do_no_harm(tmp_path: Path) -> None:
    ref = Objects(tmp_path).keep(TEXT)
    assert Objects(tmp_path).original(f" {ref.upper()}\n").text == TEXT


def test_a_reference_of_another_machine_says_it_was_never_stored_here(tmp_path: Path) -> None:
    with pytest.raises(UnknownRef, match=f"{ref_of(TEXT)}: never stored in .*, or purged; run what produced it again"):
        Objects(tmp_path).original(ref_of(TEXT))


def only(objects: Objects) -> Kept:
    (kept,) = objects.files()
    return kept


def test_an_expired_original_says_which_command_made_it(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    ref = objects.keep(TEXT, tool="Bash", call="rg -n fox src")
    assert objects.expire(only(objects))
    with pytest.raises(UnknownRef, match=f"{ref}: expired; run again: rg -n fox src"):
        objects.original(ref)
    assert list(objects.files()) == []


def test_an_original_that_is_used_while_a_sweep_goes_on_is_spared(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    ref = objects.keep("quick brown fox")
    found = only(objects)
    os.utime(found.path, (1, 1))
    old = only(objects)
    objects.keep("quick brown fox")
    assert not objects.expire(old)
    assert objects.original(ref).text == "quick brown fox"
    found.path.unlink()
    assert not objects.expire(old)


def test_an_expired_original_that_comes_again_is_kept_again(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    ref = objects.keep(TEXT)
    objects.expire(only(objects))
    assert objects.keep(TEXT) == ref
    assert objects.original(ref).text == TEXT


@pytest.mark.parametrize("damage", [b"", b"not ours", b"{}\n", b"[1]\n\xff"])
def test_a_damaged_file_never_resolves_to_something_else_and_heals_when_kept_again(
    tmp_path: Path, damage: bytes
) -> None:
    objects = Objects(tmp_path)
    ref = objects.keep(TEXT)
    only_file(tmp_path).write_bytes(damage)
    with pytest.raises(UnknownRef):
        objects.original(ref)
    assert objects.keep(TEXT) == ref
    assert objects.original(ref).text == TEXT


def test_flipped_bytes_are_noticed(tmp_path: Path) -> None:
    objects = Objects(tmp_path)
    ref = objects.keep(TEXT, call="cat fox")
    path = only_file(tmp_path)
    line = path.read_bytes().partition(b"\n")[0]
    path.write_bytes(line + b"\n" + zlib.compress(b"something else"))
    with pytest.raises(UnknownRef, match="damaged on disk; run again: cat fox"):
        objects.original(ref)


def test_a_full_or_forbidden_disk_is_unavailable_and_leaves_no_half_file(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("in the way")
    with pytest.raises(Unavailable, match="objects"):
        Objects(tmp_path).keep(TEXT)
    assert [path.name for path in tmp_path.rglob("*")] == ["objects"]


def test_resolving_loads_no_sqlite(tmp_path: Path) -> None:
    ref = Objects(tmp_path).keep(TEXT)
    code = (
        "import sys; from pathlib import Path; from headroom_wrap.store.objects import Kept, Objects;"
        "print(len(Objects(Path(sys.argv[1])).original(sys.argv[2]).text), 'sqlite3' in sys.modules)"
    )
    root = str(Path(__file__).parents[2])
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), ref], check=True, capture_output=True, text=True, cwd=root
    )
    assert run.stdout == f"{len(TEXT)} False\n"
