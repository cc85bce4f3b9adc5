"""What a command prints in; it, on stdout, out: a closed pipe ends quietly, a full disk is one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType

from headroom_wrap.refused import Refused
from headroom_wrap.store import Unavailable


@contextmanager
def writing() -> Iterator[None]:
    """Only prints in the block. Raises Refused where stdout can't take it, SystemExit(1) where nobody reads it."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _no_more_output()
        sys.exit(1)
    except Unavailable:
        raise
    except OSError as error:
        _no_more_output()
        raise Refused("the output can't be written", str(error.strerror), "free the disk or write elsewhere") from None


def shown(what: RenderableType) -> None:
    """Print it at the terminal's width, or plain where it is piped. Raises as `writing` does."""
    with writing():
        console = Console(soft_wrap=False, highlight=False)
        console.file.write(_drawn(console, what))


def _drawn(console: Console, what: RenderableType) -> str:
    """-> the text of it, so that nothing is printed where drawing fails."""
    with console.capture() as captured:
        console.print(what)
    return captured.get()


def _no_more_output() -> None:
    """Let the interpreter flush into nothing when it ends, instead of printing a second error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
