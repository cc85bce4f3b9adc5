"""What the settings are, where each came from, and what a bad one says."""

from __future__ import annotations

from pathlib import Path

import pytest

from headroom_wrap import settings
from headroom_wrap.settings import FIELDS, BadSetting, Settings, load


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder, with a user's config file beside it that does not exist yet, and no variables set."""
    for name in FIELDS:
        monkeypatch.delenv(f"HEADROOM_{name.upper()}", raising=False)
    monkeypatch.setattr(settings, "user_file", lambda: tmp_path / "user" / "config.toml")
    (tmp_path / "user").mkdir()
    (tmp_path / "project" / "deep").mkdir(parents=True)
    return tmp_path


def user(place: Path, text: str) -> Path:
    path = place / "user" / "config.toml"
    path.write_text(text)
    return path


def project(place: Path, text: str) -> Path:
    path = place / "project" / ".headroom.toml"
    path.write_text(text)
    return path


def test_without_files_and_variables_everything_is_a_default(place: Path) -> None:
    found = load(place)
    assert found == Settings()
    assert {name: found.origin(name) for name in FIELDS} == dict.fromkeys(FIELDS, "default")


def test_a_variable_beats_the_project_and_the_project_beats_the_user(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = user(place, 'floor = 1\nskip_tools = ["a"]\nkeep_days = 9\n')
    theirs = project(place, 'floor = 2\nskip_tools = ["b", "c"]\n')
    monkeypatch.setenv("HEADROOM_FLOOR", "3")
    found = load(place / "project" / "deep")
    assert (found.floor, found.skip_tools, found.keep_days) == (3, ("b", "c"), 9)
    assert [found.origin(name) for name in ("floor", "skip_tools", "keep_days", "port")] == [
        "HEADROOM_FLOOR",
        str(theirs),
        str(mine),
        "default",
    ]


@pytest.mark.parametrize("name", sorted(set(FIELDS) - set(settings.PROJECT_FIELDS)))
def test_a_project_cannot_set_anything_else(place: Path, name: str) -> None:
    theirs = project(place, f'{name} = "x"\n')
    with pytest.raises(BadSetting) as raised:
        load(place / "project")
    assert str(raised.value) == (
        f"{theirs}: a project may set only enabled, skip_tools, floor; move {name} to {settings.user_file()}"
    )


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("enabled", "off", False),
        ("enabled", "YES", True),
        ("compressors", "search, logs,", ("search", "logs")),
        ("floor", "0", 0),
        ("stop_after", "0.5", 0.5),
        ("keep_bytes", "1_000", 1000),
        ("port", "8787", 8787),
        ("hosts", "llm.example", ("llm.example",)),
        ("upstream", "https://llm.example/v1/", "https://llm.example/v1"),
        ("way_back", "none", "none"),
        ("holdout", "0.1", 0.1),
        ("home", "/var/headroom", Path("/var/headroom")),
    ],
)
def test_variables_are_read_as_what_they_stand_for(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object
) -> None:
    monkeypatch.setenv(f"HEADROOM_{name.upper()}", text)
    assert getattr(load(place), name) == value


def test_an_empty_variable_is_as_good_as_none(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADROOM_FLOOR", "")
    assert load(place) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "expects"),
    [
        ("enabled", "maybe", "true or false"),
        ("floor", "-1", "a whole number from 0"),
        ("floor", "many", "a whole number from 0"),
        ("port", "65536", "a port from 0 to 65535"),
        ("stop_after", "nan", "a number of seconds from 0"),
        ("stop_after", "inf", "a number of seconds from 0"),
        ("upstream", "llm.example", "a URL that begins with http:// or https://"),
        ("home", "here", "an absolute path"),
    ],
)
def test_a_bad_variable_says_which_what_and_the_mend(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, expects: str
) -> None:
    monkeypatch.setenv(f"HEADROOM_{name.upper()}", text)
    with pytest.raises(BadSetting) as raised:
        load(place)
    assert str(raised.value) == f"HEADROOM_{name.upper()}: {text!r} is not {expects}; correct or remove it"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("floor = true", "floor = True is not a whole number from 0; correct or remove it"),
        ("floor = 2.0", "floor = 2.0 is not a whole number from 0; correct or remove it"),
        (
            "hosts = [1]",
            "hosts = [1] is not a list of names (in the environment: separated by commas); correct or remove it",
        ),
        ("stop_after = true", "stop_after = True is not a number of seconds from 0; correct or remove it"),
        ("way_back = 1", "way_back = 1 is not auto, shell, mcp or none; correct or remove it"),
        ("flor = 1", f"there is no setting 'flor'; remove it, or use one of {', '.join(FIELDS)}"),
    ],
)
def test_a_bad_file_says_which_what_and_the_mend(place: Path, text: str, says: str) -> None:
    mine = user(place, text)
    with pytest.raises(BadSetting) as raised:
        load(place)
    assert str(raised.value) == f"{mine}: {says}"


@pytest.mark.parametrize("raw", [b"floor = ", b"\xff", b"floor = 1\nfloor = 2"])
def test_a_file_that_is_not_toml_is_one_line_too(place: Path, raw: bytes) -> None:
    (place / "user" / "config.toml").write_bytes(raw)
    with pytest.raises(BadSetting) as raised:
        load(place)
    assert str(raised.value).startswith(f"{settings.user_file()}: not valid TOML (")
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read_says_so(place: Path) -> None:
    (place / "user" / "config.toml").mkdir()
    with pytest.raises(BadSetting, match=r"can't be read \(Is a directory\); mend its permissions or remove it"):
        load(place)


def test_the_environment_is_handed_out_as_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADROOM_TEST_ONLY", "1")
    copy = settings.environment()
    copy["HEADROOM_TEST_ONLY"] = "2"
    assert settings.environment()["HEADROOM_TEST_ONLY"] == "1"


def test_the_data_folder_is_found_whatever_else_is_wrong(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADROOM_FLOOR", "many")
    assert settings.home() == Settings().home
    user(place, f'home = "{place / "mine"}"\nflor = 3\n')
    assert settings.home() == place / "mine"
    monkeypatch.setenv("HEADROOM_HOME", "~/kept")
    assert settings.home() == Path("~/kept").expanduser()
    monkeypatch.setenv("HEADROOM_HOME", str(place))
    assert settings.home() == place


def test_in_a_folder_that_is_gone_what_the_user_chose_holds(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user(place, "floor = 7\n")
    monkeypatch.chdir(place / "project" / "deep")
    (place / "project" / "deep").rmdir()

    assert load().floor == 7
