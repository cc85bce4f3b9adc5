"""Which lines of a file declare its functions and types."""

import pytest

from headroom_wrap.syntax.signature import MOST, signatures


@pytest.mark.parametrize(
    "lines",
    [
        ["def run(", "    command,", "    *,", "    timeout=None,", ") -> int:"],
        ["   12\tdef run(command,", "   13\t        timeout=None):"],
        ["func (s *Shop) Run(", "\tctx context.Context,", ") error {"],
        ["export async function load(", "  path: string,", "): Promise<void> {"],
        ["class Shop(", "    Base,", "):"],
    ],
)
def test_a_signature_goes_on_to_the_end_of_its_parameters(lines: list[str]) -> None:
    assert signatures([*lines, "    return 1", "x = f(", ")"]) == [True] * len(lines) + [False] * 3


def test_parentheses_that_never_close_end_with_the_line() -> None:
    assert signatures(["def run(", *["    a,"] * MOST]) == [True] + [False] * MOST


def test_a_file_of_signatures_that_never_close_takes_time_that_grows_with_it() -> None:
    assert signatures(["def run("] * 20_000) == [True] * 20_000
