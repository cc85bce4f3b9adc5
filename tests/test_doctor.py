"""Installations with one thing wrong each: it is found, named with its mend, and mended only where that is safe."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from headroom_wrap import doctor, journal, service, shim
from headroom_wrap.agents import claude, codex
from headroom_wrap.cli import group
from headroom_wrap.cli.doctor import told
from headroom_wrap.doctor import Finding, Patient
from headroom_wrap.proxy.options import Options
from headroom_wrap.store.local import LocalStore

Check = Callable[[Patient], Iterator[Finding]]


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    for name in ("user", "data", "commands"):
        (tmp_path / name).mkdir(mode=0o700)
    given = {"HOME": str(tmp_path / "user"), "PATH": str(tmp_path / "commands")}
    home = tmp_path / "data"
    return Patient((claude.AGENT, codex.AGENT), given, home, Options(str(home)))


def states(check: Check, patient: Patient) -> list[tuple[str, str]]:
    return [(finding.about, finding.state) for finding in check(patient)]


def says(check: Check, patient: Patient) -> str:
    (finding,) = check(patient)
    return f"{finding.state}: {finding.says}; {finding.mend}"


def agent(patient: Patient, script: str) -> None:
    file = Path(patient.environment["PATH"]) / "claude"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def port_of_nobody() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_an_agents_version_stands_beside_the_tested_one(patient: Patient) -> None:
    agent(patient, "echo 'Claude Code 1.2.3.'")

    assert [finding.says for finding in doctor.agents(patient)] == [
        "1.2.3; tested with 2.1.197",
        "not installed: codex",
    ]


def test_an_agent_that_fails_is_wrong_and_none_at_all_too(patient: Patient) -> None:
    assert states(doctor.agents, patient) == [("agents", "wrong")]
    agent(patient, "exit 1")
    assert states(doctor.agents, patient) == [("Claude Code", "wrong"), ("agents", "note")]


def test_an_agent_that_takes_too_long_is_a_note(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "VERSION_SECONDS", 0.1)
    agent(patient, "exec /bin/sleep 30")
    assert states(doctor.agents, patient)[0] == ("Claude Code", "note")


def test_a_proxy_that_does_not_answer_is_wrong_and_its_password_is_not_shown(patient: Patient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        url = f"http://me:secret@127.0.0.1:{port}"
        sick = replace(patient, options=replace(patient.options, upstream_proxy=url))
        assert says(doctor.chain, sick) == f"ok: 127.0.0.1:{port} accepts; "
    said = says(doctor.chain, sick)
    assert said.startswith(f"wrong: 127.0.0.1:{port} can't be reached")
    assert "secret" not in said


@pytest.mark.parametrize("url", ["http://proxy.example:99999", "http://me:se/cret@proxy.example", "http://[::1"])
def test_a_proxy_whose_url_is_none_is_wrong_and_not_quoted(patient: Patient, url: str) -> None:
    sick = replace(patient, options=replace(patient.options, upstream_proxy=url))

    assert says(doctor.chain, sick).startswith("wrong: is no URL with a host and a port; correct HTTPS_PROXY")


def test_a_healthy_store_is_ok_and_a_damaged_one_is_named(patient: Patient) -> None:
    LocalStore.open(patient.home).keep("x" * 1000)
    assert states(doctor.store, patient) == [("store", "ok")]
    (patient.home / "headroom.db").write_bytes(b"no database" * 1000)
    assert "is damaged" in says(doctor.store, patient)


def test_a_data_folder_that_is_none_is_said_in_words_with_its_mend(patient: Patient) -> None:
    patient.home.rmdir()
    patient.home.touch(mode=0o600)
    mend = f"{patient.home} is no folder; mend that, or set HEADROOM_HOME"
    assert says(doctor.store, patient) == f"wrong: {patient.home} can't be used: {mend}"
    inside = replace(patient, home=patient.home / "a" / "b")
    assert says(doctor.store, inside) == f"wrong: {inside.home} can't be used: {mend}"


def test_each_finding_is_printed_before_the_next_is_looked_for(
    patient: Patient, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = doctor.Finding("store", "ok", "whole"), doctor.Finding("route", "wrong", "no way", "mend it")

    def coming() -> Iterator[doctor.Finding]:
        yield first
        assert capsys.readouterr().out.rstrip() == "ok     store        whole"
        yield second

    assert told(coming(), patient) == [first, second]
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "WRONG  route        no way",
        "                    → mend it",
    ]


def test_a_store_that_others_can_read_is_closed_by_the_fix(patient: Patient) -> None:
    patient.home.chmod(0o755)
    first, second = doctor.store(patient)
    assert (first.state, first.mend, second.state) == ("wrong", f"chmod 700 {patient.home}", "ok")
    assert first.fix is not None
    first.fix()
    assert states(doctor.store, patient) == [("store", "ok")]


def test_a_key_that_others_can_read_is_closed_by_the_fix(patient: Patient) -> None:
    key = patient.home / "ca" / "abc" / "mitmproxy-ca.pem"
    key.parent.mkdir(parents=True)
    key.write_text("key")
    key.chmod(0o644)
    (finding,) = doctor.authority(patient)
    assert (finding.state, finding.fix is not None) == ("wrong", True)
    assert finding.fix
    finding.fix()
    assert list(doctor.authority(patient)) == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".claude/settings.json", '{{"env": {{"ANTHROPIC_BASE_URL": "{url}"}}}}'),
        (".codex/config.toml", 'model = "x"\nopenai_base_url = "{url}/v1"\n'),
        (".bashrc", "export OPENAI_BASE_URL={url}\n"),
        (".config/fish/config.fish", "set -x ANTHROPIC_BASE_URL {url}\n"),
    ],
)
def test_a_base_url_that_leads_to_nobody_is_wrong_and_to_another_proxy_a_note(
    patient: Patient, file: str, text: str
) -> None:
    path = patient.user / file
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        path.write_text(text.format(url=f"http://127.0.0.1:{listener.getsockname()[1]}"))
        assert states(doctor.others, patient) == [("others", "note")]
    said = says(doctor.others, patient)
    assert said.startswith("wrong: ")
    assert str(path) in said
    assert "nobody listens" in said


def test_a_base_url_with_a_port_that_can_not_be_is_wrong(patient: Patient) -> None:
    (patient.user / ".bashrc").write_text("export OPENAI_BASE_URL=http://127.0.0.1:99999/v1\n")

    assert states(doctor.others, patient) == [("others", "wrong")]


@pytest.mark.parametrize(
    "text", ['{"env": {"ANTHROPIC_BASE_URL": "https://llm.example"}}', "{", "[]", '{"hooks": null}']
)
def test_what_is_no_fault_is_not_named(patient: Patient, text: str) -> None:
    (patient.user / ".claude").mkdir()
    (patient.user / ".claude" / "settings.json").write_text(text)
    assert list(doctor.others(patient)) == []


def test_a_hook_of_another_tool_is_a_note_that_names_it(patient: Patient) -> None:
    (patient.user / ".claude").mkdir()
    hooks = {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "rtk hook claude"}]}]}
    (patient.user / ".claude" / "settings.json").write_text(json.dumps({"hooks": hooks}))
    assert "has a hook of rtk" in says(doctor.others, patient)


def test_a_change_of_ours_is_shown_and_forgotten_where_it_was_taken_out(patient: Patient) -> None:
    file = patient.user / "rc"
    file.write_text("a\n")
    journal.put(patient.home, "shims-path", file, journal.Insertion(2, "ours\n"))
    assert says(doctor.leftovers, patient) == f"ok: shims-path stands in {file}; "
    file.write_text("a\n")
    (finding,) = doctor.leftovers(patient)
    assert (finding.state, finding.fix is not None) == ("wrong", True)
    assert finding.fix
    finding.fix()
    assert list(doctor.leftovers(patient)) == []


def test_a_shim_that_is_not_in_front_is_wrong(patient: Patient) -> None:
    agent(patient, "exit 0")
    shim.install((claude.AGENT,), patient.home)
    assert states(doctor.leftovers, patient) == [("shims", "wrong")]
    assert says(doctor.leftovers, patient).endswith("; headroom shim install --rc claude")
    path = f"{shim.folder(patient.home)}{os.pathsep}{patient.environment['PATH']}"
    well = replace(patient, environment={**patient.environment, "PATH": path})
    assert states(doctor.leftovers, well) == [("shims", "ok")]


def test_a_service_that_was_killed_is_cleared_by_the_fix(patient: Patient) -> None:
    gone = {"pid": os.getpid(), "born": "then", "since": 0.0, "base": 1, "connect": 2, "ca": ""}
    (patient.home / service.STATE).write_text(json.dumps(gone))
    (finding,) = doctor.leftovers(patient)
    assert finding.state == "wrong"
    assert finding.fix
    finding.fix()
    assert list(doctor.leftovers(patient)) == []


def test_with_compression_switched_off_it_is_said(patient: Patient) -> None:
    off = replace(patient, options=replace(patient.options, enabled=False))
    assert states(doctor.chosen, off) == [("settings", "note")]
    assert list(doctor.chosen(patient)) == []


@pytest.mark.slow
def test_a_real_request_and_a_handshake_get_through(patient: Patient) -> None:
    given = {**patient.environment, "PATH": os.defpath}
    assert states(doctor.way, replace(patient, environment=given)) == [("route", "ok"), ("certificate", "ok")]


@pytest.mark.slow
def test_the_command_exits_with_1_says_the_mend_and_fixes_what_is_ours(patient: Patient) -> None:
    agent(patient, "echo 2.1.197")
    patient.home.chmod(0o755)
    given = {**patient.environment, "HEADROOM_HOME": str(patient.home), "COLUMNS": "200"}
    ended = CliRunner(env=given).invoke(group, ["doctor"])
    assert (ended.exit_code, f"chmod 700 {patient.home}  (headroom doctor --fix does it)" in ended.output) == (1, True)
    ended = CliRunner(env=given).invoke(group, ["doctor", "--fix", "--json"])
    assert (ended.exit_code, {row["state"] for row in json.loads(ended.output)}) == (0, {"ok", "note"})
