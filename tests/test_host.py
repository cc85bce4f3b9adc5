"""What differs between systems: the branches of all three, run on this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from headroom_wrap import host

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def test_a_signal_that_this_system_has_not_is_left_out() -> None:
    assert host.signals("SIGTERM", "SIGNOTHERE") == (signal.SIGTERM,)


def test_a_signal_that_is_switched_off_is_not_heeded() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert host.heeded("SIGTERM", "SIGHUP", "SIGNOTHERE") == (signal.SIGTERM,)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("platform", "given"),
    [
        ("linux", {"start_new_session": True}),
        ("darwin", {"start_new_session": True}),
        ("win32", {"creationflags": 0x08000200}),
    ],
)
def test_a_child_apart_is_out_of_the_terminals_reach(platform: str, given: dict[str, object]) -> None:
    assert host.apart(platform) == given


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_only_linux_ends_a_child_with_its_killed_parent(platform: str) -> None:
    assert host.dying_with_us(signal.SIGTERM, platform) is None


@pytest.mark.parametrize("platform", ["linux", "win32"])
@pytest.mark.parametrize(("script", "code"), [("exit 7", 7), ("exit 0", 0)])
def test_a_childs_exit_code_comes_back(platform: str, script: str, code: int) -> None:
    child = subprocess.Popen(["sh", "-c", script])
    assert host.waited(child, platform) == code


def test_a_child_that_a_signal_ended_gives_128_and_its_number() -> None:
    assert host.waited(subprocess.Popen(["sh", "-c", "kill -9 $$"])) == 137


@linux
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_process_is_known_by_when_it_began_and_an_ended_one_is_not_there(platform: str) -> None:
    child = subprocess.Popen(["sleep", "60"])
    began = host.born(child.pid, platform)
    assert began == host.born(child.pid, platform) != ""
    child.kill()
    child.wait()
    assert host.born(child.pid, platform) == ""


def test_a_process_in_no_words_of_windows_is_not_there() -> None:
    assert host.born(os.getpid(), "win32") == ""  # there is no tasklist here


@linux
def test_those_who_carry_a_variable_are_found_and_others_are_not() -> None:
    named = {"PATH": "/usr/bin:/bin", "HEADROOM_TEST_CARRIER": "one two"}
    with subprocess.Popen(["sleep", "60"], env=named) as child:
        try:
            assert host.carriers("HEADROOM_TEST_CARRIER", "one two") == (child.pid,)
            assert host.carriers("HEADROOM_TEST_CARRIER", "one") == ()
            assert host.carriers("HEADROOM_TEST_CARRIER", "one two", "win32") == ()
        finally:
            child.kill()


@linux
def test_macos_is_asked_for_them_by_ps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_said", lambda *_: f"  7 sleep 60 A=b\n  8 sleep A=c\n {os.getpid()} python A=b")
    assert host.carriers("A", "b", "darwin") == (7,)


def test_a_process_whose_environment_may_not_be_read_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "12").mkdir()
    assert host.carriers("A", "b", "linux", tmp_path) == ()


@pytest.mark.parametrize(
    ("platform", "name", "text"),
    [
        ("linux", "it", "#!/bin/sh\nexec '/a b/python' -c 'print(1)' \"$@\"\n"),
        ("win32", "it.cmd", '@"/a b/python" -c print(1) %*\r\n'),
    ],
)
def test_a_script_hands_its_arguments_on(platform: str, name: str, text: str) -> None:
    assert host.script("it", ("/a b/python", "-c", "print(1)"), platform) == (name, text)
