"""When the proxy ends: the end of its stdin, signals and its clients in; the one call that ends it out.

It ends with its parent, however that went, unless something that the agent started still runs with our addresses in
its environment (Cline's hub, a tmux server): that must go on working, so the proxy stays until the last of them ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from headroom_wrap import host
from headroom_wrap.proxy.options import CARRIER, Options

if TYPE_CHECKING:
    from mitmproxy.connection import Client

LOOK_SECONDS = 1.0
STDIN = 0


class Liveness:
    """An addon that counts clients, and `async with` it: `end` is called when the proxy has to. `idle`: because nobody
    had used it for long."""

    def __init__(self, options: Options, end: Callable[[], None]) -> None:
        self._options = options
        self._end = end
        self._clients = 0
        self.idle = False

    async def __aenter__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parent_ended = asyncio.Event()
        self._left = self._loop.time()
        threading.Thread(target=self._read, daemon=True).start()
        with contextlib.suppress(NotImplementedError):  # Windows: there SIGTERM ends a process at once
            self._loop.add_signal_handler(signal.SIGTERM, self._end)
        self._tasks = [asyncio.create_task(self._with_parent())]
        if self._options.idle_exit:
            self._tasks.append(asyncio.create_task(self._when_idle()))

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()

    def client_connected(self, _: Client) -> None:
        """Somebody is there."""
        self._clients += 1

    def client_disconnected(self, _: Client) -> None:
        """Somebody left: the idle time begins with the last one, by a clock that stands still while a laptop sleeps."""
        self._clients -= 1
        self._left = self._loop.time()

    def _read(self) -> None:
        """Wait for the end of stdin in a thread: epoll can't watch every kind of file, and Windows none."""
        with contextlib.suppress(OSError):
            while os.read(STDIN, 4096):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has ended before us
            self._loop.call_soon_threadsafe(self._parent_ended.set)

    async def _with_parent(self) -> None:
        await self._parent_ended.wait()
        if carrier := self._options.carrier:
            while await asyncio.to_thread(host.carriers, CARRIER, carrier):
                await asyncio.sleep(LOOK_SECONDS)
        self._end()

    async def _when_idle(self) -> None:
        limit = self._options.idle_exit
        while self._clients or (left := self._left + limit - self._loop.time()) > 0:
            await asyncio.sleep(limit if self._clients else left)
        self.idle = True
        self._end()
