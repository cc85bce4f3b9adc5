from __future__ import annotations

import pytest

from headroom_wrap.compressors.clean import OMITTED, clean
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.testing import near_linear, same_everywhere, segments, totality


def cleaned(text: str) -> Compressed | None:
    return clean(Segment(text, way_back="headroom get", ref="0123456789a"))


def test_colours_titles_and_cursor_moves_go() -> None:
    text = "\x1b[1;31mred\x1b[0m \x1b]0;a title\x07plain\x1b[2K\x1b(B end\n\x1b[?25lnext"
    assert cleaned(text) == Compressed("red plain end\nnext", OMITTED)


@pytest.mark.parametrize("start", ["\x1b]", "\x1bP", "\x1bX", "\x1b^", "\x1b_"])
def test_a_title_without_an_end_takes_no_text_with_it(start: str) -> None:
    found = cleaned(f"one\n{start}0;ERROR: disk full\ntwo\n")
    assert found is not None and "ERROR: disk full" in found.text


def test_of_a_line_written_over_the_last_text_stays() -> None:
    assert cleaned("get  1%\rget 50%\rget 100%\ndone") == Compressed("get 100%\ndone", OMITTED)


def test_an_error_that_was_written_over_stays() -> None:
    assert cleaned("ERROR: disk full\rretry 1\rretry 2\n") == Compressed("ERROR: disk full retry 2\n", OMITTED)


def test_columns_that_the_cursor_skips_stay_blank() -> None:
    assert cleaned("name\x1b[4Cvalue\x1b[Cend\n") == Compressed("name    value end\n", OMITTED)


@pytest.mark.parametrize("option", ["--color-words", "--word-diff=color"])
def test_colours_that_tell_old_words_from_new_stay(option: str) -> None:
    text = "timeout = \x1b[31m30\x1b[m\x1b[32m60\x1b[m\n"
    assert clean(Segment(text, call=f"git diff {option}", way_back="headroom get", ref="0123456789a")) is None


def test_a_spinner_of_backspaces_goes() -> None:
    assert cleaned("wait |\b/\b-\b done\n") == Compressed("wait  done\n", OMITTED)


def test_line_ends_of_windows_are_no_overwriting() -> None:
    assert cleaned("one\r\ntwo\r\n") is None


def test_a_source_file_keeps_its_control_characters() -> None:
    text = 'RED = "\x1b[31m"\n'
    assert clean(Segment(text, "Read", "file_path=/srv/a.py", "/srv/a.py", way_back="headroom get", ref="x")) is None


def test_every_line_stays_in_its_place() -> None:
    text = "a\n\x1b[2K\r\n\x1b[1A\x1b[2Kb\rc\n\n\x1b[32md\x1b[0m"
    found = cleaned(text)
    assert found is not None
    assert found.text.count("\n") == text.count("\n")


def test_without_a_way_back_nothing_is_cleaned() -> None:
    assert clean(Segment("\x1b[31mred\x1b[0m")) is None


@pytest.mark.slow
def test_cleaning_keeps_the_promises_of_every_compressor() -> None:
    samples = list(segments())
    totality(clean)
    same_everywhere(clean, samples)
    near_linear(clean, samples)
