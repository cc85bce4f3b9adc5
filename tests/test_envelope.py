"""What agents wrap around a result stays exact, and what is inside is found."""

import json
import time
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_wrap.envelope import pieces, put_back

PAYLOAD = "\n".join(f"row {n}: value {n * 7}" for n in range(60)) + "\n"

WRAPPED = {
    "mini-swe-agent": ("<returncode>0</returncode>\n<output>\n", "</output>"),
    "opencode": (
        "<path>/srv/a.py</path>\n<type>file</type>\n<content>\n",
        "\n(End of file - total 60 lines)\n</content>",
    ),
    "opencode, cut": (
        "<path>/srv/a.py</path>\n<type>file</type>\n<content>\n",
        "\n\n(Output capped at 50 KB. Showing lines 1-1255. Use offset=1256 to continue.)\n</content>",
    ),
    "gemini": ("<untrusted_context>\nOutput: ", "\n</untrusted_context>"),
    "codex": (
        "Chunk ID: 1f\nWall time: 0.1 seconds\nProcess exited with code 0\nOriginal token count: 900\nOutput:\n",
        "",
    ),
    "qwen": ("Command: cat a\nDirectory: (root)\nOutput: ", "\nError: (none)\nExit Code: 0\nSignal: (none)"),
    "openhands": (
        "Here's the result of running `cat -n` on /srv/a.py:\n",
        "\n[The command completed with exit code 0.]\n[Current working directory: /srv]",
    ),
    "claude": ("", "\n\n<system-reminder>\nStay on the task.\n</system-reminder>\n"),
    "none": ("", ""),
}


@pytest.mark.parametrize("agent", WRAPPED)
def test_the_payload_of_an_agents_envelope_is_found_and_the_envelope_put_back(agent: str) -> None:
    head, tail = WRAPPED[agent]
    text = head + PAYLOAD.rstrip("\n") + tail
    found = pieces(text)
    assert [piece.text for piece in found] == [PAYLOAD.rstrip("\n")]
    assert put_back(text, found, ["short"]) == f"{head}short{tail}"


def test_long_strings_inside_a_json_result_are_payloads_and_the_rest_of_the_json_stays() -> None:
    text = '{"command": "make",  "returncode":0, "stdout": ' + json.dumps(PAYLOAD) + ', "stderr": ""}'
    found = pieces(text)
    assert [piece.text for piece in found] == [PAYLOAD]
    assert put_back(text, found, ["a\nb"]) == '{"command": "make",  "returncode":0, "stdout": "a\\nb", "stderr": ""}'


def test_an_array_of_records_is_its_own_payload() -> None:
    text = json.dumps([{"id": n, "name": f"n{n}"} for n in range(50)])
    assert [piece.text for piece in pieces(text)] == [text]


def test_records_inside_a_string_are_found() -> None:
    records = json.dumps([{"id": n, "name": f"n{n}"} for n in range(50)], indent=1)
    assert [piece.text for piece in pieces(json.dumps({"stdout": records}))] == [records]


@given(st.text(max_size=300))
def test_any_text_is_its_pieces_and_what_stands_between_them(text: str) -> None:
    found = pieces(text)
    assert put_back(text, found, [piece.text for piece in found]) == text


@pytest.mark.parametrize(
    "unit", [" ", "\n", "\u2028", "\nError: x ", "\nError: x </output>", "</output> ", "\n[offset offset]", "<output>"]
)
def test_what_looks_like_the_start_of_an_envelopes_end_takes_no_time(unit: str) -> None:
    text = "x" + unit * 4000 + "\ny"
    assert [piece.text for piece in pieces(text)] == [text]
    assert min(timeit.repeat(lambda: pieces(text), time.process_time, repeat=3, number=1)) < 0.1
