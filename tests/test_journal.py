"""Changes to other people's files: journalled first, taken out again to the byte, edits of others kept."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from headroom_wrap import journal
from headroom_wrap.journal import Insertion
from headroom_wrap.refused import Refused

OURS = "ours ü\n"
ROOT = Path(__file__).parents[1]


class World:
    def __init__(self, folder: Path) -> None:
        self.home, self.file = folder / "home", folder / "rc"

    def put(self) -> None:
        journal.put(self.home, "it", self.file, Insertion(2, OURS))

    @property
    def state(self) -> str:
        return journal.entries(self.home)["it"].state

    def left(self) -> list[str]:
        return [path.name for path in (self.home / "journal").iterdir()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize("content", [b"a\nb\n", "é\r\n no end".encode(), b"ab"])
def test_a_text_is_put_in_and_taken_out_to_the_byte_with_the_mode(world: World, content: bytes) -> None:
    world.file.write_bytes(content)
    world.file.chmod(0o604)
    world.put()
    assert (world.file.read_bytes().decode(), world.state) == (Insertion(2, OURS).into(content.decode()), "put")
    assert stat.S_IMODE(world.file.stat().st_mode) == 0o604

    assert journal.take_out(world.home, "it") == "put"
    assert (world.file.read_bytes(), world.left()) == (content, [])
    assert stat.S_IMODE(world.file.stat().st_mode) == 0o604


def test_a_file_and_folders_that_were_made_go_again(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two" / "file"
    journal.put(tmp_path / "home", "it", path, Insertion(0, OURS))
    assert path.read_text() == OURS

    journal.take_out(tmp_path / "home", "it")
    assert not (tmp_path / "one").exists()


def test_a_folder_that_somebody_uses_by_now_stays(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two" / "file"
    journal.put(tmp_path / "home", "it", path, Insertion(0, OURS))
    (tmp_path / "one" / "theirs").touch()

    journal.take_out(tmp_path / "home", "it")
    assert [each.name for each in (tmp_path / "one").iterdir()] == ["theirs"]


def test_an_edit_of_the_users_in_between_is_kept(world: World) -> None:
    world.file.write_text("a\nb\n")
    world.put()
    world.file.write_text(f"new\n{world.file.read_text()}last\n")
    assert world.state == "edited"

    assert journal.take_out(world.home, "it") == "edited"
    assert world.file.read_text() == "new\na\nb\nlast\n"


def test_a_file_in_which_our_text_was_changed_is_left_alone(world: World) -> None:
    world.file.write_text("a\nb\n")
    world.put()
    world.file.write_text("a\nours?\nb\n")

    assert journal.take_out(world.home, "it") == "lost"
    assert (world.file.read_text(), world.left()) == ("a\nours?\nb\n", [])


def test_what_was_put_back_by_somebody_else_is_forgotten(world: World) -> None:
    world.file.write_text("a\nb\n")
    world.put()
    world.file.write_text("a\nb\n")

    assert journal.take_out(world.home, "it") == "taken out"
    assert world.left() == []


def test_a_name_that_was_never_put_is_nothing(world: World) -> None:
    assert journal.take_out(world.home, "it") is None


def test_a_change_goes_through_a_link_to_where_it_leads(world: World) -> None:
    target = world.file.with_name("dotfiles")
    target.write_text("a\nb\n")
    world.file.symlink_to(target)
    world.put()
    assert (world.file.is_symlink(), target.read_text()) == (True, f"a\n{OURS}b\n")


def test_a_file_that_is_no_text_is_refused_and_not_touched(world: World) -> None:
    world.file.write_bytes(b"\xff\xfe")
    with pytest.raises(Refused, match="is not UTF-8"):
        world.put()
    assert world.file.read_bytes() == b"\xff\xfe"
    assert journal.entries(world.home) == {}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="stops a process in the middle of a system call")
@pytest.mark.parametrize("syscall", range(1, 7))
def test_killed_at_any_write_the_file_is_put_back(world: World, syscall: int) -> None:
    """The program kills itself at its n-th fsync or rename: whatever stands then can be taken out again."""
    world.file.write_text("a\nb\n")
    script = f"""
import os, signal
from pathlib import Path
from headroom_wrap import journal
count = 0
def dying(call):
    def counted(*given, **more):
        global count
        count += 1
        if count == {syscall}:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*given, **more)
    return counted
os.fsync, Path.replace = dying(os.fsync), dying(Path.replace)
journal.put(Path({str(world.home)!r}), "it", Path({str(world.file)!r}), journal.Insertion(2, "ours\\n"))
"""
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert ended.returncode == -9
    assert world.file.read_text() in ("a\nb\n", "a\nours\nb\n")

    journal.take_out(world.home, "it")
    assert world.file.read_text() == "a\nb\n"
    assert sorted(path.name for path in world.file.parent.iterdir()) == ["home", "rc"]
    assert sorted(path.name for path in world.file.parent.iterdir()) == ["home", "rc"]


def test_a_data_folder_that_is_a_file_is_refused_in_words(world: World) -> None:
    world.home.write_text("mine")
    with pytest.raises(Refused, match=r"can't be written: (?:File exists|Not a directory); mend its permissions"):
        world.put()
    assert world.home.read_text() == "mine" and not world.file.exists()
