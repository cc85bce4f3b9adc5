"""The proxy's side of the workers: jobs in, replies out, while the event loop stays free for everybody's streams.

One worker runs from the start, others on demand while all are busy; the extra ones end when they were idle for a
while. A worker that takes longer than the backstop, or dies, is killed (our own child, by its pid), and a fresh one
replays what was decided and records the rest as sent as it came; if that fails too, the body passes as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Callable

from headroom_wrap.proxy.frames import LENGTHS, Frame, packed
from headroom_wrap.proxy.options import Options, line

MOST = 3
SPARE_SECONDS = 30.0
PATIENCE_SECONDS = 0.2
"""How long a job waits for a busy worker before another one is started, which takes half a second and 75 MB."""
COMMAND = (sys.executable, "-m", "headroom_wrap.proxy.worker")


class Lost(Exception):
    """A worker gave no answer: it died, or it was killed at the backstop."""


class Worker:
    """One worker process and the socket to it. One job at a time."""

    def __init__(self, options: Options, command: tuple[str, ...]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.child = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
        with contextlib.suppress(ConnectionError):  # killed before it has read that: the first job finds out
            ours.sendall(line(options))
        ours.setblocking(False)
        self.socket = ours

    async def ask(self, job: Frame) -> Frame:
        """-> the worker's reply. Raises OSError or EOFError if it is gone."""
        loop = asyncio.get_running_loop()
        for part in (packed(job), job.body, job.tail):
            if part:
                await loop.sock_sendall(self.socket, part)
        lengths = LENGTHS.unpack(await self._read(LENGTHS.size))
        head, body, tail = [await self._read(length) for length in lengths]
        return Frame(json.loads(head), body, tail)

    async def _read(self, length: int) -> bytes:
        loop = asyncio.get_running_loop()
        whole = bytearray(length)
        place = memoryview(whole)
        while place:
            got = await loop.sock_recv_into(self.socket, place)
            if not got:
                raise EOFError("the worker ended")
            place = place[got:]
        return bytes(whole)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.child.poll() is None

    def end(self) -> None:
        """Kill the child and reap it. It holds nothing that isn't on disk."""
        self.socket.close()
        self.child.kill()
        self.child.wait()


class Workers:
    """The pool. Every method is for the event loop's thread."""

    def __init__(self, options: Options, command: tuple[str, ...] = COMMAND) -> None:
        self._start: Callable[[], Worker] = lambda: Worker(options, command)
        self._backstop = options.backstop
        self._places = asyncio.Semaphore(MOST)
        self._idle = [self._start()]
        self._busy: set[Worker] = set()
        self._returned = asyncio.Event()

    async def ask(self, job: Frame) -> Frame:
        """-> the reply to a job; its head has only `problem` when no worker could give one."""
        async with self._places:
            try:
                return await self._once(job)
            except Lost as first:
                reason = str(first)
            again = Frame({**job.head, "decide": False}, job.body, job.tail)
            try:
                reply = await self._once(again)
            except Lost as second:
                return Frame({"problem": f"sent as it came: {reason}, and again: {second}"})
            return Frame({**reply.head, "problem": f"new segments sent as they came: {reason}"}, reply.body, reply.tail)

    async def _once(self, job: Frame) -> Frame:
        worker = await self._take()
        try:
            reply = await asyncio.wait_for(worker.ask(job), self._backstop)
        except asyncio.TimeoutError as error:
            raise Lost(f"the worker was stopped after {self._backstop:g} s") from error
        except (OSError, EOFError, ValueError) as error:
            raise Lost(f"the worker died ({error})") from error
        else:
            self._give_back(worker)
            return reply
        finally:
            if worker in self._busy:  # also when the request was cancelled: half a frame may be on its way
                self._busy.discard(worker)
                worker.end()

    async def _take(self) -> Worker:
        now = asyncio.get_running_loop().time
        until = now() + PATIENCE_SECONDS
        while self._busy and not self._idle and (left := until - now()) > 0:
            self._returned.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._returned.wait(), left)
        worker = self._idle_one() or self._start()
        self._busy.add(worker)
        return worker

    def _idle_one(self) -> Worker | None:
        """The worker used last, because it remembers most; one that has died meanwhile is passed over."""
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            worker.end()
        return None

    def _give_back(self, worker: Worker) -> None:
        self._busy.discard(worker)
        self._idle.append(worker)
        self._returned.set()
        if len(self._idle) > 1:
            asyncio.get_running_loop().call_later(SPARE_SECONDS, self._thin_out)

    def _thin_out(self) -> None:
        """End the worker that was idle longest (they are taken from the other end), but not the last one."""
        if len(self._idle) > 1:
            self._idle.pop(0).end()

    @property
    def pids(self) -> list[int]:
        """The processes of all workers."""
        return [worker.child.pid for worker in (*self._idle, *self._busy)]

    @property
    def busy(self) -> int:
        """How many workers have a job."""
        return len(self._busy)

    def close(self) -> None:
        """End all workers."""
        for worker in (*self._idle, *self._busy):
            worker.end()
        self._idle.clear()
        self._busy.clear()
