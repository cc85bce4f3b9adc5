"""Line numbers that a reader can count are not sent, and come back exactly."""

from hypothesis import given
from hypothesis import strategies as st

from headroom_wrap.numbering import NOTICE, expand, thin


def numbered(count: int, mark: str = "\t", first: int = 1) -> str:
    return "\n".join(f"{n:>6}{mark}    total = total + {n * 7}" for n in range(first, first + count))


def unpadded(text: str) -> str:
    return "\n".join(line.lstrip(" ") for line in text.split("\n"))


def test_every_tenth_line_and_both_ends_keep_their_numbers() -> None:
    made = thin(numbered(30))
    assert made is not None
    kept = [line.split("\t")[0] for line in made.split("\n")[1:] if "\t" in line]
    assert kept == ["1", "10", "20", "30"]
    assert made.split("\n")[2] == "    total = total + 14"
    assert expand(made) == unpadded(numbered(30))


def test_every_way_of_numbering_that_agents_edit_by_text_with_is_known() -> None:
    for mark in ("\t", "→", ": ", " | "):
        made = thin(numbered(40, mark, first=995))
        assert made is not None
        assert expand(made) == unpadded(numbered(40, mark, first=995))


def test_numbers_that_an_agent_edits_by_stay() -> None:
    assert thin(numbered(60, ":") + "\n61:") is None


def test_a_definition_keeps_its_number() -> None:
    text = numbered(40).replace("    total = total + 49", "def total(rows):")
    made = thin(text)
    assert made is not None
    assert "7\tdef total(rows):" in made.split("\n")


def test_lines_around_a_gap_keep_their_numbers() -> None:
    text = numbered(30) + "\n[lines 31-80 folded: body of f]\n" + numbered(30, first=81)
    made = thin(text)
    assert made is not None
    assert {"30", "81"} <= {line.split("\t")[0] for line in made.split("\n")}
    assert expand(made) == unpadded(text)


def test_too_few_numbers_are_not_worth_a_notice() -> None:
    assert thin(numbered(20)) is None


def test_a_text_that_would_not_come_back_stays() -> None:
    assert thin("\n".join(["1\ta", *("x" for _ in range(30)), "32\tb", numbered(40, first=33)])) is None


lines = st.lists(
    st.one_of(st.integers(0, 60).map(lambda n: f"{n}\tvalue"), st.text(max_size=12), st.just(""), st.just("7\t8\t9")),
    max_size=90,
)


@given(lines, st.integers(0, 3))
def test_whatever_is_made_comes_back(found: list[str], runs: int) -> None:
    text = "\n".join([*found, *(numbered(30, first=100 * run + 1) for run in range(runs))])
    made = thin(text)
    assert made is None or (made.startswith(NOTICE) and len(expand(made).split("\n")) == len(text.split("\n")))


@given(st.text())
def test_any_other_text_is_itself(text: str) -> None:
    assert expand(text) == text or text.startswith(NOTICE)
