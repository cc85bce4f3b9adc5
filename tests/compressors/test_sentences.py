"""Sentences that have little to do with the question go, with a way back; whatever is no question keeps all of them."""

from __future__ import annotations

import pytest

from headroom_wrap.compressors.sentences import sentences
from headroom_wrap.marker import ref_of
from headroom_wrap.segment import Compressed, Segment
from headroom_wrap.testing import check

pytestmark = pytest.mark.slow

TOWNS = ["Arden", "Borley", "Castor", "Dunmore", "Elvet", "Farley", "Gorsley", "Harlow"]
QUESTION = "Which river runs through the town of Dunmore?"


def article(town: str) -> str:
    river = "Its mills were driven by the river Teviot, which floods each spring." if town == "Dunmore" else ""
    return (
        f"{town}\n{town} is a small town in the north with a market on every other Tuesday. {river} "
        f"Its church was built by masons from the coast and lost its spire in a storm. "
        f"Most people there work in the quarry or keep sheep on the hills above. "
        f"The railway came late, and the station closed again after thirty years."
    )


TEXT = "\n\n".join(map(article, TOWNS))


def asked(goal: str = QUESTION, text: str = TEXT, **fields: str) -> Segment:
    given = {"tool": "search_docs", "call": "query=towns", "way_back": "headroom get"} | fields
    return Segment(text, goal=goal, ref=ref_of(text), **given)


def answer(segment: Segment) -> Compressed:
    found = sentences(segment)
    assert found is not None
    return found


def test_the_compressor_keeps_every_promise() -> None:
    check(sentences)


def test_the_answer_stands_and_half_of_the_text_goes() -> None:
    found = answer(asked())
    assert "driven by the river Teviot, which floods each spring." in found.text
    assert len(found.text) < 0.6 * len(TEXT)
    assert found.omitted.endswith("of 33 sentences, by the question")
    assert found.text.split("\n")[-1] == f"[{found.omitted} · headroom get {asked().ref} --lines A-B]"


def test_every_kept_line_is_made_of_the_original_s_own_sentences() -> None:
    for line in answer(asked()).text.split("\n")[:-1]:
        for part in line.split("[")[:1]:
            assert part.strip() in TEXT


def test_an_article_that_the_question_leads_to_by_its_title_is_kept() -> None:
    text = TEXT + "\n\nTeviot\n" + "The water is cold and brown from the peat that it crosses for many miles. " * 2
    found = answer(asked("How cold is the river that runs through Dunmore?", text))
    assert "Teviot\nThe water is cold" in found.text


def test_headings_go_with_what_stands_under_them() -> None:
    text = answer(asked()).text
    assert "\nDunmore\n" in text
    assert not {"Arden\n\n", "Borley\n\n"} & {text[place : place + 7] for place in range(len(text))}


def test_a_question_need_not_end_with_a_mark() -> None:
    assert answer(asked(QUESTION.rstrip("?"))).text == answer(asked()).text


@pytest.mark.parametrize(
    "segment",
    [
        asked("Translate this page into Welsh."),
        asked("Read these pages.\nWhich river runs through Dunmore?"),
        asked("Who wrote quicksort and heapsort?"),
        asked(way_back=""),
        asked(path="towns.py"),
        asked(text="\n".join(f"{n}: value of setting {n}" for n in range(200))),
        asked(text=article("Dunmore")),
    ],
    ids=["no question", "more than a question", "about other things", "no way back", "source", "no prose", "short"],
)
def test_what_has_to_stay_whole_is_left_alone(segment: Segment) -> None:
    assert sentences(segment) is None
