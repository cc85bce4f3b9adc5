"""Agents in; small scripts of their names out, in a folder of ours on the PATH, so that the plain command is wrapped.

The templates stand in `shims/`. A file in our folder says what it is: whoever looks for the real program, shim or
`headroom wrap`, passes over folders that have it, so that a shim never finds itself or another one.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headroom_wrap import journal
from headroom_wrap.agents import Agent
from headroom_wrap.launch import MARK, found, ours, private_commands
from headroom_wrap.refused import Refused, reason
from headroom_wrap.running import ROOT

JOURNALLED = "shims-path"
FILES = {"win32": ("agent.ps1", "agent.cmd")}
"""The templates of one shim; elsewhere than on Windows `agent.sh` serves every shell, fish and PowerShell too."""


@dataclass(frozen=True, slots=True)
class Shim:
    """An installed shim. `runs`: what its plain command would run now; `real`: the agent's own program, "" if gone."""

    agent: Agent
    file: Path
    runs: str
    real: str

    @property
    def works(self) -> bool:
        """Whether the plain command runs the shim."""
        return bool(self.runs) and Path(self.runs).parent == self.file.parent


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell: where it looks for its start file (a variable, else a folder under HOME), and the template of the lines
    that put our folder first."""

    name: str
    variable: str
    under: str
    file: str
    template: str = "path.sh"

    def path(self, environment: Mapping[str, str]) -> Path:
        """-> its start file."""
        given = environment.get(self.variable)
        return (Path(given) if given else Path(environment.get("HOME") or Path.home()) / self.under) / self.file


_ALL = (
    Shell("bash", "", "", ".bash_profile" if sys.platform == "darwin" else ".bashrc"),
    Shell("zsh", "ZDOTDIR", "", ".zshrc"),
    Shell("fish", "XDG_CONFIG_HOME", ".config", "fish/conf.d/headroom.fish", "path.fish"),
)
SHELLS = {shell.name: shell for shell in _ALL}


def folder(home: Path) -> Path:
    """-> where the shims stand."""
    return home / "shims"


def install(agents: Sequence[Agent], home: Path, platform: str = sys.platform) -> list[Path]:
    """-> the shims that are there now. Raises Refused where they can't be written."""
    commands = private_commands(home)
    place = folder(home)
    made = []
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        (place / MARK).write_text("The scripts beside this file run agents through headroom.\n")
        for agent in agents:
            for template in FILES.get(platform, ("agent.sh",)):
                text = _filled(template, agent, commands, platform)
                suffix = "" if template == "agent.sh" else Path(template).suffix
                file = place / f"{agent.executable}{suffix}"
                file.write_text(text)
                file.chmod(0o700)
                made.append(file)
    except OSError as problem:
        raise Refused(
            f"{place} can't be written", reason(problem), "mend its permissions or set HEADROOM_HOME"
        ) from None
    return made


def uninstall(agents: Sequence[Agent], home: Path) -> list[Path]:
    """-> the shims that were taken away; with the last one goes the folder, and our line in a shell's start file."""
    place = folder(home)
    gone = [place / f"{agent.executable}{suffix}" for agent in agents for suffix in ("", ".ps1", ".cmd")]
    gone = [file for file in gone if file.exists()]
    for file in gone:
        file.unlink()
    if place.is_dir() and {file.name for file in place.iterdir()} <= {MARK}:
        shutil.rmtree(place)
    return gone


def installed(agents: Sequence[Agent], home: Path, environment: Mapping[str, str]) -> list[Shim]:
    """-> the shims that are there, and whether each is what its plain command runs."""
    shims = []
    for agent in agents:
        files = [folder(home) / f"{agent.executable}{suffix}" for suffix in ("", ".ps1")]
        file = next((each for each in files if each.exists()), None)
        if file:
            runs = shutil.which(agent.executable, path=environment.get("PATH")) or ""
            shims.append(Shim(agent, file, runs, _real(agent, environment)))
    return shims


def _real(agent: Agent, environment: Mapping[str, str]) -> str:
    try:
        return found(agent, environment)
    except Refused:
        return ""


def shell_of(environment: Mapping[str, str]) -> Shell | None:
    """-> the user's shell, where its start file is known."""
    return SHELLS.get(Path(environment.get("SHELL", "")).name)


def lines(shell: str, home: Path) -> str:
    """-> what puts our folder first on the PATH, for a start file."""
    template = SHELLS[shell].template if shell in SHELLS else "path.ps1"
    return _template(template).replace("@FOLDER@", shlex.quote(str(folder(home))))


def put_on_path(shell: Shell, home: Path, environment: Mapping[str, str]) -> Path:
    """-> the start file that now has our lines at its end, journalled. Raises Refused."""
    path = shell.path(environment)
    take_off_path(home)
    text = journal.text_of(path, journal.read(path))
    start = "" if not text or text.endswith("\n") else "\n"
    journal.put(home, JOURNALLED, path, journal.Insertion(len(text), start + lines(shell.name, home)))
    return path


def take_off_path(home: Path) -> tuple[Path, journal.State] | None:
    """-> the start file without our lines, and what it was like; None where none was changed. Raises Refused."""
    entry = journal.entries(home).get(JOURNALLED)
    state = journal.take_out(home, JOURNALLED)
    return (Path(entry.file), state) if entry and state else None


def _filled(template: str, agent: Agent, commands: Path, platform: str) -> str:
    windows = platform == "win32"
    quote = _powershell if windows else shlex.quote
    values = {
        "NAME": agent.name,
        "COMMAND": agent.executable,
        "PYTHON": quote(sys.executable),
        "PACKAGE": quote(str(ROOT / "headroom_wrap" / "__init__.py")),
        "HEADROOM": quote(str(commands / "headroom.cmd")) if windows else shlex.join(ours()),
    }
    text = _template(template)
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _powershell(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _template(name: str) -> str:
    """-> a template: inside the package where it was installed, beside it in a checkout."""
    packaged = Path(__file__).parent / "_shims" / name
    return (packaged if packaged.exists() else ROOT / "shims" / name).read_text(encoding="utf-8")
