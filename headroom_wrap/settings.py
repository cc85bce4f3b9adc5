"""Environment and config files in, one frozen `Settings` out; nothing else in the package reads either.

What holds, first found: `HEADROOM_<FIELD>`, the project's `.headroom.toml` (only `PROJECT_FIELDS`: a cloned repository
must not choose where traffic goes), the user's `config.toml` in the platform's config folder, the default.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

PROJECT_FILE = ".headroom.toml"
PROJECT_FIELDS = ("enabled", "skip_tools", "floor")
DEFAULT = "default"
WAYS_BACK = ("auto", "shell", "mcp", "none")
LIKE = 0.8
"""How like a setting's name another variable must be to count as its misspelling; other programs use HEADROOM_ too."""


class BadSetting(ValueError):
    """A value that can't be used. The message is one line: where it came from, what is wrong, the mend."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a setting may be. `read` takes a string or a TOML value and raises ValueError for what does not fit."""

    expects: str
    read: Callable[[Any], Any]


def _switch(value: Any) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    raise ValueError


def _names(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError
    return tuple(part.strip() for part in parts if part.strip())


def _whole(value: Any, most: float = math.inf) -> int:
    number = int(value) if isinstance(value, str) else value
    if type(number) is not int or not 0 <= number <= most:
        raise ValueError
    return number


def _port(value: Any) -> int:
    return _whole(value, 65_535)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError
    number = float(value)
    if not 0 <= number < math.inf:
        raise ValueError
    return number


def _share(value: Any) -> float:
    number = _seconds(value)
    if number > 0.9:
        raise ValueError
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value.strip()


def _url(value: Any) -> str:
    text = _text(value)
    if text and not text.startswith(("http://", "https://")):
        raise ValueError
    return text.rstrip("/")


def _folder(value: Any) -> Path:
    path = Path(_text(value)).expanduser()
    if not path.is_absolute():
        raise ValueError
    return path


def _way_back(value: Any) -> str:
    if value not in WAYS_BACK:
        raise ValueError
    return str(value)


_SWITCH = _Kind("true or false", _switch)
_NAMES = _Kind("a list of names (in the environment: separated by commas)", _names)
_WHOLE = _Kind("a whole number from 0", _whole)
_PORT = _Kind("a port from 0 to 65535", _port)
_SECONDS = _Kind("a number of seconds from 0", _seconds)
_SHARE = _Kind("a share from 0 to 0.9", _share)
_WAY_BACK = _Kind("auto, shell, mcp or none", _way_back)
_TEXT = _Kind("text", _text)
_URL = _Kind("a URL that begins with http:// or https://", _url)
_FOLDER = _Kind("an absolute path", _folder)


def _home() -> Path:
    return Path(platformdirs.user_data_dir("headroom"))


def _setting(default: Any, kind: _Kind, says: str) -> Any:
    return field(default=default, metadata={"kind": kind, "says": says})


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose. `origins` names where each value that is not a default came from."""

    enabled: bool = _setting(True, _SWITCH, "compress at all; off: everything passes unchanged")
    compressors: tuple[str, ...] = _setting((), _NAMES, "only these compressors are asked; empty: all")
    skip_tools: tuple[str, ...] = _setting((), _NAMES, "results of these tools always pass unchanged")
    floor: int = _setting(200, _WHOLE, "tokens below which a result passes unchanged")
    stop_after: float = _setting(2.0, _SECONDS, "seconds after which a compressor is stopped; 0: never")
    keep_days: int = _setting(30, _WHOLE, "days for which unused originals are kept")
    keep_bytes: int = _setting(2_000_000_000, _WHOLE, "bytes of originals kept, oldest unused removed first")
    port: int = _setting(0, _PORT, "port of the proxy on 127.0.0.1; 0: any free one")
    idle_exit: float = _setting(0.0, _SECONDS, "seconds without a client after which `headroom proxy` ends; 0: never")
    hosts: tuple[str, ...] = _setting((), _NAMES, "hosts to decrypt besides the known inference hosts")
    upstream: str = _setting("", _URL, "where requests go instead of the provider's own URL")
    upstream_proxy: str = _setting("", _URL, "HTTP proxy through which the provider is reached")
    holdout: float = _setting(0.0, _SHARE, "share of conversations left untouched, to measure the others against")
    way_back: str = _setting("auto", _WAY_BACK, "how the model can fetch an original; auto: found out per request")
    scorer: str = _setting(
        "", _TEXT, "Hugging Face id or folder of a token classifier that orders lines (docs/scorers.md)"
    )
    inject_tool: bool = _setting(False, _SWITCH, "headroom proxy: offer headroom_retrieve where there is no way back")
    home: Path = field(
        default_factory=_home, metadata={"kind": _FOLDER, "says": "folder of originals, decisions and ledger"}
    )
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def origin(self, name: str) -> str:
        """-> where the value of a setting came from: a variable, a file, or "default"."""
        return self.origins.get(name, DEFAULT)


FIELDS = {item.name: item for item in fields(Settings) if item.metadata}
"""Every setting by name; `.metadata["says"]` is its one-line description, `["kind"].expects` what it may be."""


def environment() -> dict[str, str]:
    """-> a copy of the environment, for the few who hand it to a child or follow a convention like HTTPS_PROXY."""
    return dict(os.environ)  # noqa: TID251 - the one place


def user_file() -> Path:
    """-> where the user's config file is looked for."""
    return Path(platformdirs.user_config_dir("headroom")) / "config.toml"


def project_file(directory: Path) -> Path | None:
    """-> the nearest `.headroom.toml` in `directory` or above it."""
    folders = (directory, *directory.parents)
    return next((folder / PROJECT_FILE for folder in folders if (folder / PROJECT_FILE).is_file()), None)


def load(directory: Path | None = None) -> Settings:
    """-> the settings that hold in `directory` (the current one). Raises BadSetting."""
    here = directory or _here()
    project = project_file(here) if here else None
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, name, value in (*_from_file(user_file()), *_from_project(project), *_from_environment()):
        kind: _Kind = FIELDS[name].metadata["kind"]
        try:
            values[name], origins[name] = kind.read(value), origin
        except ValueError:
            said = f"{name} = {value!r}" if origin.endswith(".toml") else repr(value)
            raise BadSetting(f"{origin}: {said} is not {kind.expects}; correct or remove it") from None
    return Settings(**values, origins=origins)


def home() -> Path:
    """-> the data folder, whatever is wrong with other settings: a model's way back must not end with a bad edit."""
    try:
        return load().home
    except BadSetting:
        for given in (environment().get("HEADROOM_HOME"), _home_in(user_file())):
            with suppress(ValueError):
                return _folder(given)
        return _home()


def _home_in(file: Path) -> object:
    try:
        return _toml(file.read_text(encoding="utf-8")).get("home")
    except (OSError, ValueError):
        return None


def _here() -> Path | None:
    """-> the current folder; None where it has been removed: a worktree that an agent has cleaned up."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def _from_environment() -> list[tuple[str, str, object]]:
    given = environment()
    known = [f"HEADROOM_{name.upper()}" for name in FIELDS]
    for variable in given:
        if variable.startswith("HEADROOM_") and variable not in known and (meant := _meant(variable, known)):
            raise BadSetting(f"{variable}: there is no such setting; did you mean {meant}? Rename or unset it")
    variables = ((f"HEADROOM_{name.upper()}", name) for name in FIELDS)
    return [(variable, name, given[variable]) for variable, name in variables if given.get(variable)]


def _meant(variable: str, known: list[str]) -> str:
    """-> the variable that this one misspells, if any."""
    from difflib import get_close_matches  # noqa: PLC0415 - 5 ms that `headroom get` need not pay

    start = len("HEADROOM_")
    found = get_close_matches(variable[start:], [name[start:] for name in known], 1, LIKE)
    return f"HEADROOM_{found[0]}" if found else ""


def _from_project(path: Path | None) -> list[tuple[str, str, object]]:
    if path is None:
        return []
    found = _from_file(path)
    for _, name, _ in found:
        if name not in PROJECT_FIELDS:
            allowed = ", ".join(PROJECT_FIELDS)
            raise BadSetting(f"{path}: a project may set only {allowed}; move {name} to {user_file()}")
    return found


def _from_file(path: Path) -> list[tuple[str, str, object]]:
    """-> (file, name, value) of each setting in a TOML file; nothing when there is no such file."""
    try:
        table = _toml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise BadSetting(f"{path}: can't be read ({problem.strerror}); mend its permissions or remove it") from None
    except ValueError as problem:
        reason = " ".join(str(problem).split())
        raise BadSetting(f"{path}: not valid TOML ({reason}); correct or remove it") from None
    for name in table:
        if name not in FIELDS:
            raise BadSetting(f"{path}: there is no setting {name!r}; remove it, or use one of {', '.join(FIELDS)}")
    return [(str(path), name, value) for name, value in table.items()]


def _toml(text: str) -> dict[str, Any]:
    """-> the table; the reader is loaded only where there is a file, which saves `headroom get` 5 ms."""
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415
    else:
        import tomli as tomllib  # noqa: PLC0415
    return tomllib.loads(text)
