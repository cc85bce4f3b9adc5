"""Codex's WebSocket: client messages in, smaller ones out; the history that they leave out is kept here.

A connection is treated as HTTP with the history filled in (see `delta`). Responses pass untouched; from them come the
items that belong into the history (tool calls, text) and the provider's counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from headroom_wrap.proxy.account import Account
from headroom_wrap.proxy.frames import Frame
from headroom_wrap.proxy.pool import Workers
from headroom_wrap.segment import Usage
from headroom_wrap.wire import Wire

ENDS = frozenset({"response.completed", "response.incomplete", "response.failed", "response.done", "error"})


@dataclass(slots=True)
class Connection:
    """One WebSocket. `history`: the items so far, comma-separated; `marks`: how long it was after each response.

    `read`: the last message was understood, so that the history can go on with its response. Where it was not (no
    worker could read it), that response isn't marked, and what refers to it passes: until a message brings all again.
    """

    path: str
    wire: Wire
    workers: Workers
    open_account: Callable[[], Account]
    refused: Callable[[Account, bytes], None]
    passing: Callable[[Account], bool]
    history: bytes = b""
    marks: dict[str, int] = field(default_factory=dict)
    output: list[bytes] = field(default_factory=list)
    account: Account | None = None
    read: bool = True

    async def sent(self, message: bytes) -> bytes:
        """-> what to send instead of a client's message; the same object: nothing."""
        if b'"response.create"' not in message:
            return message
        account = self.account = self.open_account()
        account.before = account.after = len(message)
        head = {"kind": "message", "path": self.path, "marks": self.marks, "decide": True}
        reply = await self.workers.ask(Frame(head, self.history, message))
        self._remember(reply)
        account.note(reply.head)
        account.outcomes = reply.tail[: reply.head.get("outcomes", 0)]
        if self.passing(account) or not reply.head.get("changed"):
            return message
        account.changed = True
        return reply.body

    def _remember(self, reply: Frame) -> None:
        self.read = "kept" in reply.head
        if self.read:
            items = reply.tail[reply.head.get("outcomes", 0) :]
            self._append(self.history[: reply.head["kept"]], [items] if items else [])

    def _append(self, history: bytes, items: list[bytes]) -> None:
        self.history = b",".join([history, *items] if history else items)

    def received(self, message: bytes) -> None:
        """Read a server's message: it has already gone, or goes, as it is."""
        try:
            event = json.loads(message)
        except (ValueError, RecursionError):
            return
        if not isinstance(event, dict):
            return
        kind = event.get("type", "")
        if kind == "response.output_item.done":
            self._output(event.get("item"))
        elif kind in ENDS:
            self._end(event, message)

    def _output(self, item: Any) -> None:
        if isinstance(item, dict) and item.get("type") != "reasoning":  # encrypted, long, and no segment needs it
            self.output.append(json.dumps(item).encode())

    def _end(self, event: dict[str, Any], message: bytes) -> None:
        response = event.get("response")
        if self.read and isinstance(response, dict) and isinstance(response.get("id"), str):
            self._append(self.history, self.output)
            self.marks[response["id"]] = len(self.history)
        self.output = []
        if self.account:
            status = event.get("status", event.get("status_code", 0)) if event.get("type") == "error" else 200
            self.account.status = status if isinstance(status, int) else 0
            self.account.usage = self.wire.usage(event, Usage())
            self.refused(self.account, message)
            self.account.finish()
            self.account = None

    def closed(self) -> None:
        """The connection ended; a response that was still coming is recorded with what is known."""
        if self.account:
            self.account.add_problem("the connection ended before the response did")
            self.account.finish()
            self.account = None
