"""Messages in, the same messages with compressed tool results out: what the proxy does, for programs that call models.

The messages become the body of their provider's request and go through `rewrite`, so every decision is the proxy's.
Call it each turn with the whole conversation as it grows: what came back for the earlier turns comes back again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from headroom_wrap import settings
from headroom_wrap.kompress import classifier
from headroom_wrap.refused import Refused
from headroom_wrap.rewrite import rewrite
from headroom_wrap.route import Policy, policy
from headroom_wrap.segment import Outcome
from headroom_wrap.settings import BadSetting
from headroom_wrap.store import Store, Unavailable
from headroom_wrap.store.local import LocalStore
from headroom_wrap.wire import Wire, anthropic, gemini, openai_chat, openai_responses

_KEYS = {"anthropic": "messages", "openai_chat": "messages", "openai_responses": "input", "gemini": "contents"}


@dataclass(frozen=True, slots=True)
class Compression:
    """What became of a conversation.

    `messages`: in the shape that came in; a message without a changed tool result is the very object that came.
    `tokens_before`, `tokens_after`: o200k tokens of all tool results, not of the rest of the conversation.
    `outcomes`: one for each tool result text. `refs`: the references of the changed ones, for `restore`; none
    where nothing is kept.
    `problem`: why the messages could not be read, and passed unchanged; empty where they could.
    """

    messages: Any
    tokens_before: int = 0
    tokens_after: int = 0
    outcomes: tuple[Outcome, ...] = ()
    refs: tuple[str, ...] = ()
    problem: str = ""


def compress(
    messages: Any,
    *,
    model: str = "",
    tools: Sequence[Any] | None = None,
    system: Any = None,
    store: Store | Literal["local"] | None = "local",
) -> Compression:
    """-> the messages with their tool results compressed; the ones given are never changed.

    `messages`: a list of Anthropic messages, OpenAI Chat messages, OpenAI Responses input items or Gemini contents, as
    dictionaries or as objects of those SDKs (pydantic models). `tools`: the request's own list, of any
    provider: text is left out only where one of them can fetch it again (a shell, `headroom_retrieve`); without one
    every form is lossless. `model` and `system` may be passed as they stand in the request and decide nothing.
    `store`: where originals and decisions are kept, by default where the command keeps them too; None, or a default
    store that can't be used: lossless forms only. Raises BadSetting for settings that can't be used.
    """
    wire = _wire_of(messages)
    chosen = _policy()
    if wire is None or chosen is None:
        return Compression(messages, problem="" if wire or _conversation(messages) else UNKNOWN)
    try:
        body = json.dumps(_request(wire, messages, model, tools, system), default=_dumped, skipkeys=True).encode()
    except (TypeError, ValueError, RecursionError) as error:
        return Compression(messages, problem=f"not JSON: {error}")
    kept = _local() if store == "local" else store
    made = rewrite(body, wire, kept, chosen)
    if made.body is not body:
        key = _KEYS[wire.name]
        messages = _taken_over(messages, _parsed(body)[key], _parsed(made.body)[key])
    return Compression(
        messages,
        sum(outcome.before for outcome in made.outcomes),
        sum(outcome.after for outcome in made.outcomes),
        made.outcomes,
        tuple(outcome.ref for outcome in made.outcomes if outcome.text is not None and kept is not None),
        made.problem,
    )


def restore(ref: str, *, store: Store | None = None) -> str:
    """-> the exact text that stood where this reference was made. Raises UnknownRef."""
    return (store or _opened()).restore(ref)


UNKNOWN = "not read: no messages of Anthropic, OpenAI or Gemini"


def _conversation(messages: Any) -> bool:
    """-> whether this may be a conversation, one without a tool result: then there was nothing to read in it."""
    if not isinstance(messages, (list, tuple)):
        return isinstance(messages, str)
    return all({"role", "type", "parts"} & _plain(message).keys() for message in messages)


def _wire_of(messages: Any) -> Wire | None:
    """-> the wire of the first message that only one of them has; None: none holds a tool result."""
    for message in messages if isinstance(messages, (list, tuple)) else ():
        plain = _plain(message)
        kind = str(plain.get("type") or "")
        if "parts" in plain:
            return gemini
        if kind == "reasoning" or kind.endswith(("_call", "_call_output")):
            return openai_responses
        if plain.get("role") in ("tool", "function") or plain.get("tool_calls") or plain.get("function_call"):
            return openai_chat
        content = plain.get("content")
        blocks = content if isinstance(content, (list, tuple)) else ()
        if any(_plain(block).get("type") in ("tool_use", "tool_result") for block in blocks):
            return anthropic
    return None


def _request(wire: Wire, messages: Any, model: str, tools: Sequence[Any] | None, system: Any) -> dict[str, Any]:
    offered = [{"name": tool} if isinstance(tool, str) else tool for tool in tools or ()]
    return {"model": model, "system": system, "tools": offered, _KEYS[wire.name]: messages}


def _plain(value: Any) -> Mapping[str, Any]:
    """-> the members of a dictionary or of an SDK's object; nothing for anything else."""
    if isinstance(value, Mapping):
        return value
    dump = getattr(value, "model_dump", None)
    dumped = dump() if callable(dump) else None
    return dumped if isinstance(dumped, Mapping) else {}


def _dumped(value: Any) -> Any:
    """-> what stands in the body for a value that JSON has no form for; what is unknown by its type alone."""
    if isinstance(value, bytes):
        return value.hex()
    return dict(_plain(value)) or f"<{type(value).__name__}>"


def _parsed(body: bytes) -> Any:
    return json.loads(body, parse_float=str, parse_int=str, parse_constant=str)


def _taken_over(came: Any, before: Any, after: Any) -> Any:
    """-> `came` with the strings that differ between the two bodies; every part without one is the same object."""
    if before == after:
        return came
    if isinstance(after, str):
        return after
    if isinstance(after, list):
        return type(came)(_taken_over(*three) for three in zip(came, before, after, strict=True))
    if isinstance(came, Mapping):
        return {key: _taken_over(value, before.get(str(key)), after.get(str(key))) for key, value in came.items()}
    changed = [key for key in after if before[key] != after[key]]
    return came.model_copy(update={key: _taken_over(getattr(came, key), before[key], after[key]) for key in changed})


@lru_cache(maxsize=1)
def _settings() -> settings.Settings:
    return settings.load()


def _policy() -> Policy | None:
    """-> what the user chose, None: nothing is to be compressed. No time limit: it would take its SIGVTALRM."""
    chosen = _settings()
    if not chosen.enabled:
        return None
    try:
        classifier.use(chosen.scorer)
    except Refused as problem:
        raise BadSetting(str(problem)) from None
    return replace(policy(chosen), stop_after=0.0)


@lru_cache(maxsize=1)
def _opened() -> LocalStore:
    return LocalStore.open(_settings().home)


def _local() -> Store | None:
    try:
        _opened().decided([b""])
    except Unavailable:
        return None
    return _opened()
