"""Config files of five agents in; the server in them, and out of them again to the byte, out."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from headroom_wrap.agents import Server
from headroom_wrap.mcp.install import PLACES, install, uninstall
from headroom_wrap.mcp.install import installed as names_it
from headroom_wrap.refused import Refused

SERVER = Server(("/opt/headroom", "mcp"), {"HEADROOM_HOME": "/data/head room"})
FILES = {
    "claude": ".claude.json",
    "codex": ".codex/config.toml",
    "cursor": ".cursor/mcp.json",
    "gemini": ".gemini/settings.json",
    "copilot": ".copilot/mcp-config.json",
}
JSON = ("claude", "cursor", "gemini", "copilot")
LAYOUTS = (
    "",
    "\n",
    "{}",
    "{\n}\n",
    '{"a":1}',
    '{ "a": 1 }',
    '{\r\n    "a": 1,\r\n    "mcpServers": {\r\n        "x": {}\r\n    }\r\n}\r\n',
    '{\n\t"mcpServers": {},\n\t"ü": 1e5\n}',
    '{\n  "mcpServers": {\n  }\n}',
    '{"mcpServers":{"x":{"command":"y"}},"z":[{"mcpServers":1}]}',
)


def installed(agent: str, folder: Path) -> Path:
    return install(agent, SERVER, folder / "data", {"HOME": str(folder)})


def undone(agent: str, folder: Path) -> Path:
    return uninstall(agent, folder / "data", {"HOME": str(folder)})


@pytest.mark.parametrize("agent", PLACES)
def test_without_a_file_one_is_made_and_taken_away_again(agent: str, tmp_path: Path) -> None:
    path = installed(agent, tmp_path)
    assert path == tmp_path / FILES[agent]
    assert "/opt/headroom" in path.read_text()
    assert undone(agent, tmp_path) == path
    assert not path.exists() and not list((tmp_path / "data" / "journal").iterdir())


@pytest.mark.parametrize("agent", JSON)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_json_gets_one_member_and_is_put_back_to_the_byte(agent: str, layout: str, tmp_path: Path) -> None:
    path = tmp_path / FILES[agent]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(layout.encode())
    path.chmod(0o640)
    installed(agent, tmp_path)
    before, after = json.loads(layout.strip() or "{}"), json.loads(path.read_text())
    server = after["mcpServers"].pop("headroom")
    assert server == {**PLACES[agent].more, "command": "/opt/headroom", "args": ["mcp"], "env": SERVER.environment}
    assert after == {"mcpServers": {}, **before}
    undone(agent, tmp_path)
    assert path.read_bytes() == layout.encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    "layout", ["", 'model = "o3"', "a = 1\n", "# c\r\n[mcp_servers.other]\r\ncommand = 'x'\r\n\r\n"]
)
def test_toml_gets_one_table_and_is_put_back_to_the_byte(layout: str, tmp_path: Path) -> None:
    tomllib = pytest.importorskip("tomllib")
    path = tmp_path / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_bytes(layout.encode())
    installed("codex", tmp_path)
    table = tomllib.loads(path.read_text())["mcp_servers"]["headroom"]
    assert table == {
        "command": "/opt/headroom",
        "args": ["mcp"],
        "env": SERVER.environment,
        "default_tools_approval_mode": "approve",
    }
    undone("codex", tmp_path)
    assert path.read_bytes() == layout.encode()


SETTINGS = (
    "",
    "{}",
    '{"model":"x"}',
    '{\n  "permissions": {\n    "allow": [\n      "Bash(ls:*)"\n    ],\n    "deny": []\n  }\n}\n',
    '{"permissions": {"allow": ["a", "b"]}}',
    '{"permissions": {"allow": []}}',
    '{\n\t"permissions": {\n\t\t"deny": ["c"]\n\t}\n}',
)


@pytest.mark.parametrize("layout", SETTINGS)
def test_claude_code_may_use_the_tools_without_asking_and_is_put_back_to_the_byte(layout: str, tmp_path: Path) -> None:
    path = tmp_path / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_bytes(layout.encode())
    installed("claude", tmp_path)
    before, after = json.loads(layout or "{}"), json.loads(path.read_text())
    assert after["permissions"]["allow"].pop(0) == "mcp__headroom"
    before.setdefault("permissions", {}).setdefault("allow", [])
    assert after == before
    undone("claude", tmp_path)
    assert path.read_bytes() == layout.encode()


@pytest.mark.parametrize(
    ("rewritten", "left"),
    [
        ('{"permissions": {"allow": ["x", "mcp__headroom", "y"]}}', '{"permissions": {"allow": ["x", "y"]}}'),
        ('{"permissions": {"allow": ["x", "mcp__headroom"]}}', '{"permissions": {"allow": ["x"]}}'),
        ('{"permissions": {"allow": ["mcp__headroom"]}}', '{"permissions": {"allow": []}}'),
        ('{"permissions": {"allow": ["x"]}}', '{"permissions": {"allow": ["x"]}}'),
        ('{"permissions": {}}', '{"permissions": {}}'),
    ],
)
def test_from_settings_that_were_changed_since_only_our_leave_goes(rewritten: str, left: str, tmp_path: Path) -> None:
    installed("claude", tmp_path)
    path = tmp_path / ".claude" / "settings.json"
    path.write_text(rewritten)
    undone("claude", tmp_path)
    assert path.read_text() == left


def test_leave_that_the_user_gave_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{"permissions": {"allow": ["mcp__headroom"]}}')
    installed("claude", tmp_path)
    undone("claude", tmp_path)
    assert path.read_text() == '{"permissions": {"allow": ["mcp__headroom"]}}'


@pytest.mark.parametrize("content", ["{", "[]", '{"permissions": 3}', '{"permissions": {"allow": "all"}}'])
def test_where_leave_can_not_be_given_no_server_is_put_in_either(content: str, tmp_path: Path) -> None:
    path = tmp_path / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(Refused, match="put in yourself"):
        installed("claude", tmp_path)
    assert path.read_text() == content
    assert not (tmp_path / "data").exists() and not (tmp_path / ".claude.json").exists()


def test_where_the_file_was_changed_since_only_our_entry_goes(tmp_path: Path) -> None:
    for rewritten in (
        '{"b": 2, "mcpServers": {"x": {}, "headroom": {"command": "other"}}}',
        '{"b": 2, "mcpServers": {"headroom": {"command": "other"}, "x": {}}}',
    ):
        path = installed("claude", tmp_path)
        path.write_text(rewritten)
        undone("claude", tmp_path)
        assert path.read_text() == '{"b": 2, "mcpServers": {"x": {}}}'
        path.unlink()


def test_where_only_other_parts_were_changed_ours_goes_as_it_came(tmp_path: Path) -> None:
    path = tmp_path / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_text("a = 1\n")
    installed("codex", tmp_path)
    path.write_text(f"b = 2\n{path.read_text()}[c]\n")
    undone("codex", tmp_path)
    assert path.read_text() == "b = 2\na = 1\n[c]\n"


def test_a_table_that_the_agent_wrote_anew_goes_with_its_subtables(tmp_path: Path) -> None:
    path = installed("codex", tmp_path)
    path.write_text("[mcp_servers.headroom]\ncommand = 'x'\n[mcp_servers.headroom.env]\na = 'b'\n[other]\nc = 1\n")
    undone("codex", tmp_path)
    assert path.read_text() == "[other]\nc = 1\n"


def test_the_journal_holds_nothing_of_the_file_but_what_we_put_in(tmp_path: Path) -> None:
    (tmp_path / ".claude.json").write_text('{"token": "sk-secret"}')
    installed("claude", tmp_path)
    journal = tmp_path / "data" / "journal" / "mcp-claude.json"
    assert "sk-secret" not in journal.read_text()
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600


def test_an_install_that_was_killed_before_the_file_changed_is_undone_and_done_anew(tmp_path: Path) -> None:
    path = tmp_path / ".claude.json"
    path.write_text("{}")
    installed("claude", tmp_path)
    after = path.read_text()
    path.write_text("{}")
    assert undone("claude", tmp_path) == path and path.read_text() == "{}"
    installed("claude", tmp_path)
    assert path.read_text() == after


def test_a_file_is_written_through_its_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").write_text("{}")
    (tmp_path / ".claude.json").symlink_to(tmp_path / "dotfiles")
    installed("claude", tmp_path)
    assert (tmp_path / ".claude.json").is_symlink() and "headroom" in (tmp_path / "dotfiles").read_text()


@pytest.mark.parametrize(
    ("agent", "content", "says"),
    [
        ("claude", b"{", "can't be read as JSON.*put in yourself"),
        ("gemini", b'{"mcpServers": {"headroom": {}}}', "already.*uninstall"),
        ("cursor", b"[]", "no JSON object"),
        ("claude", b'{"mcpServers": 3}', "no JSON object"),
        ("codex", b"[mcp_servers.headroom]\n", "already"),
        ("codex", b"mcp_servers = {}\n", "can't take a table"),
        ("codex", b"a = \n", "can't take a table"),
        ("claude", b"\xff", "not UTF-8"),
    ],
)
def test_a_file_that_can_not_take_it_is_left_alone(agent: str, content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / FILES[agent]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(Refused, match=says):
        installed(agent, tmp_path)
    assert path.read_bytes() == content and not (tmp_path / "data").exists()


def test_what_somebody_else_has_taken_out_is_forgotten_so_that_the_others_can_go(tmp_path: Path) -> None:
    path = installed("cursor", tmp_path)
    path.write_text('{"mcpServers": {}, "mine": 1}')
    assert names_it(tmp_path / "data") == ("cursor",)

    assert undone("cursor", tmp_path) == path
    assert path.read_text() == '{"mcpServers": {}, "mine": 1}'
    assert names_it(tmp_path / "data") == ()


def test_nothing_to_undo_is_said(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nothing to undo"):
        undone("claude", tmp_path)
    (tmp_path / ".claude.json").write_text('{"mcpServers": {}}')
    with pytest.raises(Refused, match="nothing to undo"):
        undone("claude", tmp_path)
