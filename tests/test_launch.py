"""An agent as a child behind the proxy. The agents here are small scripts; the proxy is the real one."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from headroom_wrap.settings import environment

ROOT = Path(__file__).parents[1]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, relies on PR_SET_PDEATHSIG"),
]


class World:
    """A PATH with one agent on it, `claude`, and a folder for headroom's own data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.commands = folder / "commands"
        for path in (self.project, self.commands, folder / "home"):
            path.mkdir()

    def agent(self, script: str) -> None:
        file = self.commands / "claude"
        file.write_text(f"#!/bin/bash\n{script}\n")
        file.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.commands}:{environment()['PATH']}",
            "HOME": str(self.folder / "home"),
            "HEADROOM_HOME": str(self.folder / "headroom"),
            "PYTHONPATH": str(ROOT),
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "headroom_wrap", *arguments]

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.project,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    @contextlib.contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """-> a run whose agent has said "ready"."""
        with subprocess.Popen(
            self.command(*arguments),
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as child:
            try:
                assert child.stdout is not None
                assert child.stdout.readline() == "ready\n"
                yield child
            finally:
                child.kill()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def gone(processes: list[psutil.Process]) -> bool:
    """-> whether all of these end; waits for them as long as it takes, at most ten seconds."""
    return psutil.wait_procs(processes, timeout=60)[1] == []


@pytest.mark.parametrize(
    ("script", "code"), [("exit 7", 7), ("exit 0", 0), ("kill -TERM $$", 143), ("kill -9 $$", 137)]
)
def test_the_agents_exit_code_is_ours(world: World, script: str, code: int) -> None:
    world.agent(script)

    assert world.run("wrap", "claude").returncode == code


def test_only_the_child_sees_the_changed_environment_and_its_arguments_arrive_as_given(world: World) -> None:
    world.agent('echo "$ANTHROPIC_BASE_URL"; shift 2; printf "<%s>" "$@"')

    out = world.run("wrap", "claude", "--", "-p", "two words", "--", "--port").stdout

    base, arguments = out.splitlines()
    assert base.startswith("http://127.0.0.1:")
    assert arguments == "<-p><two words><--><--port>"


def test_an_agent_that_only_says_its_version_runs_as_without_us(world: World) -> None:
    world.agent('echo "$@" "$ANTHROPIC_BASE_URL$HEADROOM_RUN"; exit 3')

    ended = world.run("wrap", "--quiet", "claude", "--", "--version")

    assert (ended.stdout, ended.stderr, ended.returncode) == ("--version \n", "", 3)
    assert not (world.folder / "headroom" / "ca").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_wrapper_reaches_the_agent_which_decides(world: World, number: signal.Signals) -> None:
    world.agent("trap 'exit 9' TERM HUP; echo ready; while :; do sleep 0.05; done")

    with world.running("wrap", "claude") as child:
        left = psutil.Process(child.pid).children(recursive=True)
        child.send_signal(number)
        assert child.wait(60) == 9
        assert gone(left)


def test_a_signal_that_nohup_has_switched_off_stays_off_in_the_agent(world: World) -> None:
    world.agent("grep SigIgn /proc/self/status")

    command = " ".join(world.command("wrap", "claude"))
    out = subprocess.run(
        ["sh", "-c", f"trap '' HUP INT; exec {command}"],
        cwd=world.project,
        env=world.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    ).stdout

    assert int(out.split()[1], 16) & 0b11 == 0b11


def test_ctrl_c_is_the_agents_and_not_ours(world: World) -> None:
    world.agent("trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.05; done")

    with world.running("wrap", "claude") as child:
        os.killpg(child.pid, signal.SIGINT)
        assert child.wait(60) == 3


def test_nothing_is_left_when_the_wrapper_is_killed_outright(world: World) -> None:
    world.agent("echo ready; exec sleep 60")

    with world.running("wrap", "claude") as child:
        left = psutil.Process(child.pid).children(recursive=True)
        assert len(left) >= 2
        child.kill()
        assert gone(left)


def test_nothing_is_left_when_the_agent_is_killed_outright(world: World) -> None:
    world.agent("echo $$ > pid; echo ready; exec sleep 60")

    with world.running("wrap", "claude") as child:
        left = psutil.Process(child.pid).children(recursive=True)
        os.kill(int((world.project / "pid").read_text()), signal.SIGKILL)
        assert child.wait(60) == 137
        assert gone(left)


def test_a_proxy_that_is_killed_is_started_again_on_its_ports_and_it_is_said(world: World) -> None:
    world.agent("echo $ANTHROPIC_BASE_URL; exec 2>&-; read -r; exit 4")
    command = world.command("wrap", "claude")
    with subprocess.Popen(
        command,
        cwd=world.project,
        env=world.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline().rpartition(":")[2])
        (proxy,) = [each for each in psutil.Process(child.pid).children() if is_proxy(each)]
        proxy.kill()
        assert psutil.wait_procs([proxy], timeout=60)[1] == []
        answers(port)
        left = psutil.Process(child.pid).children(recursive=True)
        _, said = child.communicate("\n", timeout=60)

    assert child.returncode == 4
    assert "headroom: the proxy ended once before Claude Code did and was started again: signal 9 ended it" in said
    assert gone(left)


def is_proxy(each: psutil.Process) -> bool:
    return "headroom_wrap.proxy" in each.cmdline()


def answers(port: int) -> None:
    """Wait until something accepts at a port of this machine; the test's own time limit ends this."""
    while True:
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
            return


def test_the_proxy_stays_for_what_the_agent_leaves_running_and_ends_with_it(world: World) -> None:
    world.agent("setsid sleep 300 >/dev/null 2>&1 </dev/null & echo $! > pid; echo ${ANTHROPIC_BASE_URL##*:} > port")

    ended = world.run("wrap", "claude")

    left = int((world.project / "pid").read_text())
    try:
        assert f"Claude Code left programs running that use the proxy (pid {left})" in ended.stderr
        port = int((world.project / "port").read_text())
        answers(port)
    finally:
        os.kill(left, signal.SIGKILL)
    while listens(port):  # the test's own time limit ends this
        time.sleep(0.05)


def listens(port: int) -> bool:
    with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def test_a_wrap_within_a_wrap_has_a_proxy_of_its_own_and_goes_past_the_outer_one(world: World) -> None:
    inner = f"{sys.executable} -m headroom_wrap wrap --upstream http://127.0.0.1:9 claude inner"
    world.agent(f'echo "$ANTHROPIC_BASE_URL $HEADROOM_RUN"; case "$*" in *inner) ;; *) {inner} ;; esac')
    own = "http://127.0.0.1:9/own"

    out = world.run("wrap", "claude", ANTHROPIC_BASE_URL=own).stdout

    (outer, inner_one) = [line.split() for line in out.splitlines()]
    assert len({outer[0], inner_one[0], own}) == len({outer[1], inner_one[1]}) + 1 == 3
    assert outer[0].endswith("/own")


def test_a_wrap_within_a_wrap_may_have_another_data_folder(world: World) -> None:
    inner = f"HEADROOM_HOME={world.folder}/inner {sys.executable} -m headroom_wrap wrap claude inner"
    show = "bash -c 'command -v headroom'"
    world.agent(f'case "$*" in *inner) ulimit -s 1000; {show} ;; *) {inner} ;; esac')

    assert world.run("wrap", "claude").stdout == f"{world.folder}/inner/bin/headroom\n"


def test_no_proxy_of_the_users_takes_no_inference_host_past_the_proxy(world: World) -> None:
    script = world.commands / "mine"
    script.write_text('#!/bin/sh\necho "$NO_PROXY"')
    script.chmod(0o755)

    said = world.run("wrap", "--", "mine", NO_PROXY=".openai.com,intra.example", HEADROOM_HOSTS="llm.example").stdout

    assert said == "intra.example,127.0.0.1,localhost,::1\n"


def test_a_proxy_that_only_claude_codes_settings_name_is_chained(world: World) -> None:
    call = "import os, urllib.request as u; u.urlopen(os.environ['ANTHROPIC_BASE_URL'] + '/v1/models', timeout=20)"
    world.agent(f'{sys.executable} -c "{call}" 2> /dev/null')
    with socket.create_server(("127.0.0.1", 0)) as own:
        own.settimeout(60)
        file = world.folder / "home" / ".claude" / "settings.json"
        file.parent.mkdir()
        url = f"http://127.0.0.1:{own.getsockname()[1]}"
        file.write_text(json.dumps({"env": {"HTTPS_PROXY": url, "NO_PROXY": "intra.example"}}))
        with subprocess.Popen(
            world.command("wrap", "claude"), cwd=world.project, env=world.environment, stdin=subprocess.DEVNULL
        ) as child:
            came, _ = own.accept()
            with came:
                assert came.recv(1000).startswith(b"CONNECT api.anthropic.com:443 ")
            assert child.wait(60) == 1


def test_when_the_agent_stops_itself_we_stop_and_go_on_together(world: World) -> None:
    world.agent("echo ready; kill -STOP $$; exit 5")

    with world.running("wrap", "claude") as child:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        child.send_signal(signal.SIGCONT)
        assert child.wait(60) == 5


def test_a_missing_agent_is_one_line_with_the_command_that_installs_it(world: World) -> None:
    ended = world.run("wrap", "claude", PATH=str(world.folder))

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "headroom: Claude Code is not installed: no 'claude' on PATH; run: npm install -g @anthropic-ai/claude-code\n"
    )


def test_a_command_that_the_system_can_not_run_is_one_line(world: World) -> None:
    script = world.commands / "bare"
    script.write_text("echo hi\n")
    script.chmod(0o755)

    ended = world.run("wrap", "--", "bare")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"headroom: {script} can't be run: Exec format error; "
        "a script's first line has to say what runs it, such as #!/bin/sh\n"
    )


def test_a_port_that_is_taken_is_one_line_and_the_agent_is_not_started(world: World) -> None:
    world.agent("touch started")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = world.run("wrap", "--port", str(port), "claude")

    assert ended.returncode == 2
    assert ended.stderr.startswith("headroom: the proxy did not start: ")
    assert str(port) in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (world.project / "started").exists()


def test_without_a_certificate_the_agent_is_not_started(world: World) -> None:
    world.agent("touch started")
    (world.folder / "headroom").mkdir()
    (world.folder / "headroom" / "ca").write_text("in the way")

    ended = world.run("wrap", "claude")

    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert not (world.project / "started").exists()


@pytest.mark.parametrize("variable", ["HEADROOM_FLOOR", "HEADROOM_UPSTREAM"])
def test_a_bad_setting_is_one_line_and_the_agent_is_not_started(world: World, variable: str) -> None:
    world.agent("touch started")

    ended = world.run("wrap", "claude", **{variable: "x"})

    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith(f"headroom: {variable}")
    assert not (world.project / "started").exists()


@pytest.mark.parametrize("shell", ["bash -c", "bash -lc", "sh -c"])
def test_headroom_is_on_the_path_of_the_agents_shells(world: World, shell: str) -> None:
    world.agent(f"{shell} 'headroom get 0123456789a'")

    assert "check character" in world.run("wrap", "claude").stderr


def test_the_folder_of_headrooms_own_data_is_the_users_alone(world: World) -> None:
    world.agent("exit 0")
    world.run("wrap", "claude")
    assert (world.folder / "headroom").stat().st_mode & 0o777 == 0o700


def test_a_bash_env_of_the_users_own_still_counts(world: World) -> None:
    own = world.folder / "own_env"
    own.write_text("OWN=yes\n")
    world.agent("bash -c 'echo $OWN; command -v headroom'")

    out = world.run("wrap", "claude", BASH_ENV=str(own)).stdout

    assert out == f"yes\n{world.folder / 'headroom' / 'bin' / 'headroom'}\n"


def test_a_strict_bash_of_the_agents_says_nothing_of_ours(world: World) -> None:
    world.agent("bash -euo pipefail -c 'command -v headroom' 2>&1")

    assert world.run("wrap", "claude").stdout == f"{world.folder / 'headroom' / 'bin' / 'headroom'}\n"


def test_modules_in_the_users_project_are_not_imported(world: World) -> None:
    for name in ("json.py", "click.py", "sqlite3.py", "mitmproxy.py"):
        (world.project / name).write_text("raise SystemExit('the project was imported')")
    world.agent("headroom get 0123456789a; exit 4")
    entry = "import sys; sys.path[0] = sys.argv.pop(1); from headroom_wrap.cli import main; main()"

    ended = subprocess.run(
        [sys.executable, "-c", entry, str(ROOT), "wrap", "claude"],
        cwd=world.project,
        env=world.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 4
    assert "the project was imported" not in ended.stderr


@pytest.mark.parametrize(("term", "times"), [("xterm", 1), ("dumb", 0)])
def test_the_agent_has_the_terminal_and_the_title_is_put_back(world: World, term: str, times: int) -> None:
    world.agent("test -t 0 && test -t 1 && stty size; exit 6")
    leader, follower = pty.openpty()
    with subprocess.Popen(
        ["sh", "-c", 'stty rows 24 cols 91; exec "$@"', "sh", *world.command("wrap", "claude")],
        cwd=world.project,
        env={**world.environment, "TERM": term},
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    ) as child:
        os.close(follower)
        said = everything(leader)
        assert child.wait(60) == 6

    assert "24 91" in said
    assert said.count("\x1b[22;2t") == said.count("\x1b[23;2t") == times


def everything(leader: int) -> str:
    """-> all that is written to a terminal until its last user is gone."""
    said, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([leader], [], [], 1)[0]:
            try:
                piece = os.read(leader, 65_536)
            except OSError:  # Linux says so when the other side is closed
                break
            if not piece:
                break
            said += piece
    os.close(leader)
    return said.decode()
