"""Plain commands that are wrapped: in real shells, on real terminals, and gone again without a trace."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headroom_wrap import shim
from headroom_wrap.agents import claude, codex
from headroom_wrap.settings import environment
from tests.test_launch import World, gone, listens

pytestmark = pytest.mark.slow
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pty and /proc")
SHELLS = ("sh", "bash", "zsh", "fish")
shells = pytest.mark.parametrize(
    "shell",
    [pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason="not installed")) for name in SHELLS],
)
AGENT = 'printf "%s|" "${ANTHROPIC_BASE_URL:+wrapped}"; case $1 in --settings) shift 2 ;; esac; printf "<%s>" "$@"'


class Shimmed(World):
    """A world with a shim of its agent, whose folder stands first on the PATH."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.place = folder / "headroom" / "shims"
        self.agent(f"{AGENT}; cat; exit 7")
        shim.install((claude.AGENT,), folder / "headroom")

    @property
    def environment(self) -> dict[str, str]:
        given = super().environment
        return {**given, "PATH": f"{self.place}:{given['PATH']}", "TERM": "xterm", "LC_ALL": "C.UTF-8"}

    def shell(self, name: str, line: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [str(shutil.which(name)), "-c", line]
        given = {**self.environment, **more}
        return subprocess.run(
            command, cwd=self.project, env=given, input="in", capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture
def shimmed(tmp_path: Path) -> Shimmed:
    return Shimmed(tmp_path)


@shells
def test_the_plain_command_is_wrapped_and_pipes_arguments_and_exit_code_are_as_without(
    shimmed: Shimmed, shell: str
) -> None:
    ended = shimmed.shell(shell, "claude -p 'two  words' '' '*' -- --no-headroom")

    assert (ended.stdout, ended.stderr, ended.returncode) == (
        "wrapped|<-p><two  words><><*><--><--no-headroom>in",
        "",
        7,
    )


@shells
@pytest.mark.parametrize(
    ("arguments", "more"), [("--no-headroom a '' 'b  c'", {}), ("a '' 'b  c'", {"HEADROOM_SHIM": "0"})]
)
def test_one_variable_or_one_option_bypasses_it(
    shimmed: Shimmed, shell: str, arguments: str, more: dict[str, str]
) -> None:
    ended = shimmed.shell(shell, f"claude {arguments}", **more)

    assert (ended.stdout, ended.stderr, ended.returncode) == ("|<a><><b  c>in", "", 7)


def test_which_names_the_shim_and_the_agent_itself_stands_behind_it(shimmed: Shimmed) -> None:
    assert shimmed.shell("bash", "type -ap claude").stdout.splitlines()[:2] == [
        str(shimmed.place / "claude"),
        str(shimmed.commands / "claude"),
    ]


def test_two_folders_of_shims_do_not_find_each_other(shimmed: Shimmed, tmp_path: Path) -> None:
    other = tmp_path / "other" / "shims"
    shim.install((claude.AGENT,), other.parent)
    path = f"{shimmed.place}:{other}:{shimmed.environment['PATH']}"

    for more in ({}, {"HEADROOM_SHIM": "0"}):
        assert shimmed.shell("sh", "claude a", PATH=path, **more).stdout.endswith("|<a>in")


def test_without_the_agent_the_shim_says_so_like_a_shell(shimmed: Shimmed) -> None:
    path = str(shimmed.place)

    ended = shimmed.shell("sh", "claude --no-headroom", PATH=path)
    assert (ended.returncode, ended.stderr) == (127, "claude: not found (headroom's shim is the only one on PATH)\n")
    ended = shimmed.shell("sh", "claude", PATH=path)
    assert (ended.returncode, ended.stderr[:36]) == (2, "headroom: Claude Code is not install")


def test_where_headroom_is_gone_the_agent_runs_as_without(shimmed: Shimmed) -> None:
    file = shimmed.place / "claude"
    file.write_text(file.read_text().replace(sys.executable, "/nowhere/python"))

    assert shimmed.shell("sh", "claude a").stdout == "|<a>in"


@pytest.mark.parametrize("script", [None, "#!/nowhere/python\n"])
def test_the_shim_needs_no_script_that_another_headroom_may_have_written(shimmed: Shimmed, script: str | None) -> None:
    file = shimmed.folder / "headroom" / "bin" / "headroom"
    if script is None:
        file.unlink()
    else:
        file.write_text(script)

    assert shimmed.shell("sh", "claude a").stdout == "wrapped|<a>in"


@pytest.mark.parametrize("shell", shim.SHELLS)
@pytest.mark.parametrize("before", [None, "", "alias x=y\n", "no end"])
def test_uninstall_leaves_no_trace(tmp_path: Path, shell: str, before: str | None) -> None:
    home, given = tmp_path / "data", {"HOME": str(tmp_path / "user")}
    (tmp_path / "user").mkdir()
    file = shim.SHELLS[shell].path(given)
    if before is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(before)
    was = listing(tmp_path / "user")
    agents = (claude.AGENT, codex.AGENT)

    shim.install(agents, home)
    shim.put_on_path(shim.SHELLS[shell], home, given)
    shim.put_on_path(shim.SHELLS[shell], home, given)
    assert str(home / "shims") in file.read_text()
    assert [path.name for path in shim.uninstall(agents, home)] == ["claude", "codex"]
    shim.take_off_path(home)

    assert listing(tmp_path / "user") == was
    assert not (home / "shims").exists()


def listing(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, b"" if path.is_dir() else path.read_bytes())
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("shell", [name for name in shim.SHELLS if shutil.which(name)])
def test_a_shells_start_file_puts_the_folder_first_once(shimmed: Shimmed, shell: str) -> None:
    home = shimmed.folder / "headroom"
    given = {**shimmed.environment, "PATH": environment()["PATH"], "HOME": str(shimmed.folder / "home")}
    shim.put_on_path(shim.SHELLS[shell], home, given)
    inner = {"fish": "fish -ic 'string join : $PATH'"}.get(shell, f"{shell} -ic 'echo $PATH'")

    ended = subprocess.run(
        [str(shutil.which(shell)), "-ic", inner], env=given, capture_output=True, text=True, timeout=60, check=False
    )

    path = ended.stdout.strip().split(":")
    assert (path[0], path.count(str(shimmed.place))) == (str(shimmed.place), 1)


def test_windows_gets_a_script_for_powershell_and_one_for_cmd(tmp_path: Path) -> None:
    made = shim.install((claude.AGENT,), tmp_path, "win32")

    assert [file.name for file in made] == ["claude.ps1", "claude.cmd"]
    text = made[0].read_text()
    assert "@" not in text.replace("@(", "").replace("@given", "")
    assert f"$command = '{tmp_path / 'bin' / 'headroom.cmd'}'" in text
    assert "claude.ps1" in made[1].read_text()


class Terminal:
    """A shell on a terminal of its own: what is typed, and what is shown."""

    def __init__(self, leader: int) -> None:
        self.leader, self.shown = leader, ""

    def types(self, text: str) -> None:
        os.write(self.leader, text.encode())

    def shows(self, text: str) -> str:
        """-> what is shown up to this text, which is waited for."""
        deadline = time.monotonic() + 30
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            if select.select([self.leader], [], [], 0.5)[0]:
                self.shown += os.read(self.leader, 65_536).decode(errors="replace")
        before, _, self.shown = self.shown.partition(text)
        return before


@contextmanager
def terminal(world: World, *command: str) -> Iterator[tuple[Terminal, subprocess.Popen[bytes]]]:
    leader, follower = pty.openpty()
    given = {**world.environment, "PS1": "", "fish_greeting": ""}
    child = subprocess.Popen(
        command,
        cwd=world.project,
        env=given,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        preexec_fn=pty_of_its_own,  # noqa: PLW1509
    )
    os.close(follower)
    try:
        yield Terminal(leader), child
    finally:
        child.kill()
        child.wait()
        os.close(leader)


def pty_of_its_own() -> None:
    """In a child: a session whose terminal is its stdin."""
    import fcntl  # noqa: PLC0415
    import termios  # noqa: PLC0415

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


STOPPED = {"bash": "Stopped                 claude", "zsh": "suspended  claude", "fish": "has stopped"}
INTERACTIVE = {"bash": ("bash", "--norc", "-i"), "zsh": ("zsh", "-f", "-i"), "fish": ("fish", "--no-config", "-i")}


@linux
@pytest.mark.parametrize("typed", ["claude", "claude --no-headroom"])
@pytest.mark.parametrize("shell", [name for name in INTERACTIVE if shutil.which(name)])
def test_on_a_terminal_job_control_size_and_exit_code_are_as_without(shimmed: Shimmed, shell: str, typed: str) -> None:
    shimmed.agent("stty size; test -t 1 && echo rea''dy; read -r line; echo \"got:$line\"; exit 5")
    code = "$status" if shell == "fish" else "$?"
    with terminal(shimmed, *INTERACTIVE[shell]) as (screen, _):
        screen.types("stty rows 24 cols 91\n")
        screen.types(f"{typed}\n")
        screen.shows("24 91")
        screen.shows("ready")
        screen.types("\x1a")
        screen.shows(STOPPED[shell])
        screen.types("fg\n")
        screen.shows("claude")  # said by the shell before it gives the terminal to the job
        screen.types("hello\n")
        screen.shows("got:hello")
        screen.types(f"echo co''de={code}\n")
        screen.shows("code=0" if shell == "fish" else "code=5")  # fish forgets it at fg, with us and without


@linux
def test_ctrl_c_reaches_the_agent_alone(shimmed: Shimmed) -> None:
    shimmed.agent("trap 'echo cau''ght; exit 3' INT; echo rea''dy; while :; do sleep 0.05; done")
    with terminal(shimmed, *INTERACTIVE["bash"]) as (screen, _):
        screen.types("claude\n")
        screen.shows("ready")
        screen.types("\x03")
        screen.shows("caught")
        screen.types("echo co''de=$?\n")
        screen.shows("code=3")


@linux
def test_a_terminal_that_is_closed_ends_agent_and_proxy(shimmed: Shimmed) -> None:
    import psutil  # noqa: PLC0415

    shimmed.agent('echo "port:${ANTHROPIC_BASE_URL##*:}:"; exec sleep 300')
    with terminal(shimmed, str(shimmed.place / "claude")) as (screen, child):
        screen.shows("port:")
        port = int(screen.shows(":"))
        left = psutil.Process(child.pid).children(recursive=True)
        os.kill(child.pid, signal.SIGHUP)
        assert gone(left)
        assert not listens(port)
