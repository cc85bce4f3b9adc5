"""The properties bite: designs known to be bad, some of them shipped by others, each fail the promise they break."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from headroom_wrap.marker import ref_of
from headroom_wrap.rewrite import Rewritten, rewrite
from headroom_wrap.route import Policy
from headroom_wrap.segment import Compressed, Outcome, Segment
from headroom_wrap.store import Store
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire import Wire, anthropic
from headroom_wrap.wire.located import splice
from tests.properties import promises
from tests.properties.promises import Design, changed, reserialised
from tests.strategies import POLICY, TAIL, WIRES, Style, body, keep_ends, stored

CONVERSATIONS = [stored(number) for number in range(3)]
CASES = [(conversation, wire) for conversation in CONVERSATIONS for wire in WIRES]


class Wrapped:
    """A store whose every method is another's, for designs that misuse one of them."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def keep(self, text: str, **from_call: str) -> str:
        return self.store.keep(text, **from_call)

    def restore(self, ref: str) -> str:
        return self.store.restore(ref)

    def decided(self, keys: Sequence[bytes]) -> dict[bytes, Outcome]:
        return self.store.decided(keys)

    def decide(self, new: Mapping[bytes, Outcome]) -> dict[bytes, Outcome]:
        return self.store.decide(new)


class Forgetful(Wrapped):
    def decide(self, new: Mapping[bytes, Outcome]) -> dict[bytes, Outcome]:
        return dict(new)


class ForgetsErrors(Wrapped):
    def decide(self, new: Mapping[bytes, Outcome]) -> dict[bytes, Outcome]:
        return {key: one if "Error in" in one.why else self.store.decide({key: one})[key] for key, one in new.items()}


class Cacheless(Wrapped):
    """Knows nothing while the database can't be read."""

    def decided(self, keys: Sequence[bytes]) -> dict[bytes, Outcome]:
        return LocalStore(self.store.objects.root.parent).decided(keys)  # type: ignore[attr-defined]


class Careless(Wrapped):
    def keep(self, text: str, **from_call: str) -> str:
        return ref_of(text)


def reserialise(came: bytes, wire: Wire, store: Store, policy: Policy, **how: Any) -> Rewritten:
    made = rewrite(came, wire, store, policy, **how)
    return replace(made, body=reserialised(made.body))


def copy_when_idle(came: bytes, wire: Wire, store: Store, policy: Policy, **how: Any) -> Rewritten:
    made = rewrite(came, wire, store, policy, **how)
    return replace(made, body=made.body if changed(made) else bytes(bytearray(made.body)))


def protect_recent(came: bytes, wire: Wire, store: Store, policy: Policy, **how: Any) -> Rewritten:
    """Compresses everything but the newest result."""
    made, text = rewrite(came, wire, store, policy, **how), came.decode()
    found = wire.read(text).segments
    older = list(zip(found, made.outcomes, strict=True))[:-1]
    return replace(made, body=splice(text, [(s.span, o.text) for s, o in older if o.text is not None]).encode())


def forgetful(came: bytes, wire: Wire, store: Store, policy: Policy, **how: Any) -> Rewritten:
    return rewrite(came, wire, Forgetful(store), policy, **how)


def forgetful_after_an_error(came: bytes, wire: Wire, store: Store, policy: Policy, **how: Any) -> Rewritten:
    return rewrite(came, wire, ForgetsErrors(store), policy, **how)


def cacheless(came: bytes, wire: Wire, store: Store, policy: Policy, **how: Any) -> Rewritten:
    return rewrite(came, wire, Cacheless(store), policy, **how)


def careless(came: bytes, wire: Wire, store: Store, policy: Policy, **how: Any) -> Rewritten:
    return rewrite(came, wire, Careless(store), policy, **how)


def unkept_timeout() -> Design:
    """A time limit whose result is not kept: what was too slow this time is compressed the next."""
    slow = itertools.cycle((True, False))

    def design(came: bytes, wire: Wire, store: Store, policy: Policy, **how: Any) -> Rewritten:
        stack = () if next(slow) else policy.stack
        return rewrite(came, wire, Forgetful(store), replace(policy, stack=stack), **how)

    return design


def at_random() -> Design:
    """Drops lines at random, afresh for each request."""
    dice = random.Random(7)

    def thin(segment: Segment) -> Compressed:
        kept = [line for line in segment.text.split("\n") if dice.random() < 0.6]
        return Compressed("\n".join(kept), "some lines")

    def design(came: bytes, wire: Wire, store: Store, policy: Policy, **how: Any) -> Rewritten:
        return rewrite(came, wire, Forgetful(store), replace(policy, stack=(thin,)), **how)

    return design


def with_stack(*stack: Callable[[Segment], Any]) -> Design:
    def design(came: bytes, wire: Wire, store: Store, policy: Policy, **how: Any) -> Rewritten:
        return rewrite(came, wire, store, replace(policy, stack=stack), **how)

    return design


def growing(came: bytes, wire: Wire, store: Store, policy: Policy, **how: Any) -> Rewritten:
    """Puts a banner before each result that it changed, and counts without it."""
    made, text = rewrite(came, wire, store, policy, **how), came.decode()
    outcomes = tuple(replace(o, text="Compressed for you. " * 900 + (o.text or "")) for o in made.outcomes)
    spans = [segment.span for segment in wire.read(text).segments]
    edits = [(span, outcome.text or "") for span, outcome in zip(spans, outcomes, strict=True)]
    return Rewritten(splice(text, edits).encode(), outcomes, made.request)


def first_lines(segment: Segment) -> Compressed:
    return Compressed("\n".join(segment.text.split("\n")[:3]), "the rest")


def fails_shut(came: bytes, wire: Wire, store: Store, policy: Policy, **how: Any) -> Rewritten:
    """Asks the compressors without a net, and sends what they say."""
    text, outcomes, edits = came.decode(), [], []
    for segment in wire.read(text).segments:
        made = policy.stack[0](segment)
        outcomes.append(Outcome(made.text if made else None))
        edits += [(segment.span, made.text)] if made else []
    return Rewritten(splice(text, edits).encode(), tuple(outcomes))


def quadratic(segment: Segment) -> None:
    """Looks at every third place of the text, from each of them on."""
    for start in range(0, len(segment.text), 3):
        segment.text.count("\0", start)


@pytest.mark.slow
def test_the_product_passes_where_the_mutants_fail() -> None:
    for conversation, wire in CASES:
        came = body(wire, conversation)
        assert promises.nothing_else_moves(rewrite, came, wire) >= 1
        assert promises.history_stays_put(rewrite, conversation, wire, ("", "raises", "settings")) >= 1
        assert promises.everything_comes_back(rewrite, came, wire) >= 1
        assert promises.never_larger(rewrite, came, wire) >= 1
        assert promises.errors_survive(rewrite, conversation, wire) >= 1


@pytest.mark.parametrize("design", [reserialise, copy_when_idle, fails_shut], ids=lambda design: design.__name__)
def test_something_else_moves(design: Design) -> None:
    idle = [body(wire, [], Style()) for wire in WIRES]
    with pytest.raises((AssertionError, ValueError)):
        for came, wire in [*zip(idle, WIRES, strict=True), *((body(wire, talk), wire) for talk, wire in CASES)]:
            promises.nothing_else_moves(design, came, wire)


@pytest.mark.parametrize(
    ("design", "disruptions"),
    [
        (protect_recent, ()),
        (forgetful, ("", "settings")),
        (forgetful, ("upgrade", "")),
        (forgetful, ("stopped", "")),
        (forgetful_after_an_error, ("raises", "")),
        (forgetful, ("timeout", "")),
        (cacheless, ("", "unavailable")),
        (unkept_timeout(), ()),
        (at_random(), ()),
    ],
    ids=lambda given: given.__qualname__.split(".")[0] if callable(given) else "-".join(given) or "undisturbed",
)
def test_history_moves(design: Design, disruptions: tuple[str, ...]) -> None:
    for wire in WIRES:
        with pytest.raises(AssertionError, match=r"after \d turns"):
            for conversation in CONVERSATIONS:
                promises.history_stays_put(design, conversation, wire, disruptions)


def test_something_is_lost() -> None:
    for wire in WIRES:
        with pytest.raises(LookupError):
            promises.everything_comes_back(careless, body(wire, CONVERSATIONS[0]), wire)


@pytest.mark.parametrize("bad", [promises.raises, first_lines], ids=lambda bad: bad.__name__)
def test_something_is_in_the_way(bad: Callable[[Segment], Any]) -> None:
    for wire in WIRES:
        with pytest.raises((AssertionError, ValueError)):
            promises.never_in_the_way(fails_shut, body(wire, CONVERSATIONS[0]), wire, bad)


def test_something_grows() -> None:
    for wire in WIRES:
        with pytest.raises(AssertionError):
            promises.never_larger(growing, body(wire, CONVERSATIONS[0]), wire)


def test_an_error_goes_missing() -> None:
    for wire in WIRES:
        with pytest.raises(AssertionError):
            for conversation in CONVERSATIONS:
                promises.errors_survive(with_stack(first_lines), conversation, wire)


def test_something_is_quadratic() -> None:
    with pytest.raises(AssertionError, match=r"s, then"):
        promises.near_linear(with_stack(quadratic), anthropic, "word ")


def test_a_conversation_ends_as_the_prefix_property_expects() -> None:
    assert all(body(wire, CONVERSATIONS[0]).endswith(TAIL.encode()) for wire in WIRES)
    assert keep_ends in POLICY.stack
