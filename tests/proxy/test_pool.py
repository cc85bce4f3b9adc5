"""The pool of workers, with the real worker process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from headroom_wrap.proxy import pool
from headroom_wrap.proxy.frames import Frame
from headroom_wrap.proxy.options import Options
from headroom_wrap.proxy.pool import MOST, Workers
from tests.proxy.bodies import conversation, results
from tests.proxy.loopback import kill, runs

pytestmark = pytest.mark.slow

HEAD = {"kind": "body", "path": "/v1/messages", "encoding": "", "decide": True}
GONE = (sys.executable, "-c", "")


def with_workers(
    home: Path, use: Callable[[Workers], Awaitable[None]], command: tuple[str, ...] | None = None, backstop: float = 20
) -> None:
    async def run() -> None:
        options = Options(str(home), backstop=backstop)
        workers = Workers(options) if command is None else Workers(options, command)
        try:
            await use(workers)
        finally:
            pids = workers.pids
            workers.close()
            assert not any(map(runs, pids))

    asyncio.run(run())


def test_one_worker_at_the_start_and_never_more_than_the_most(tmp_path: Path) -> None:
    async def use(workers: Workers) -> None:
        assert len(workers.pids) == 1
        bodies = [conversation(turns) for turns in range(2, 10)]
        replies = await asyncio.gather(*(workers.ask(Frame(HEAD, body)) for body in bodies))
        assert [len(results(reply.body)) for reply in replies] == list(range(2, 10))
        assert len(workers.pids) <= MOST

    with_workers(tmp_path, use)


def test_a_worker_that_is_busy_for_long_gets_company(tmp_path: Path) -> None:
    async def use(workers: Workers) -> None:
        long = asyncio.create_task(workers.ask(Frame(HEAD, conversation(2, text="x y " * 1_500_000))))
        while not workers.busy:
            await asyncio.sleep(0)
        assert results((await workers.ask(Frame(HEAD, conversation(2)))).body)
        assert len(workers.pids) == 2
        await long

    with_workers(tmp_path, use)


def test_two_workers_that_see_a_conversation_at_once_send_the_same(tmp_path: Path) -> None:
    async def use(workers: Workers) -> None:
        replies = await asyncio.gather(*(workers.ask(Frame(HEAD, conversation(5))) for _ in range(4)))
        assert len({reply.body for reply in replies}) == 1

    with_workers(tmp_path, use)


def test_a_worker_killed_in_the_middle_is_replaced_by_one_that_decides_nothing_new(tmp_path: Path) -> None:
    async def use(workers: Workers) -> None:
        first = await workers.ask(Frame(HEAD, conversation(3)))
        busy = asyncio.create_task(workers.ask(Frame(HEAD, conversation(8, text="x y " * 1_500_000))))
        while not workers.busy:
            await asyncio.sleep(0)
        kill(workers.pids[0])
        reply = await busy
        assert reply.head["problem"].startswith("new segments sent as they came: the worker died")
        assert (reply.head["changed"], reply.body) == (False, b"")
        assert (await workers.ask(Frame(HEAD, conversation(3)))).body == first.body

    with_workers(tmp_path, use)


def test_a_worker_that_is_killed_before_it_has_read_its_options_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed_at_once(*arguments: Any, **named: Any) -> subprocess.Popen[bytes]:
        monkeypatch.undo()
        child = subprocess.Popen(*arguments, **named)
        child.kill()
        child.wait()
        return child

    async def use(workers: Workers) -> None:
        (lost,) = workers.pids
        reply = await workers.ask(Frame(HEAD, conversation(3)))
        assert (reply.head["problem"], len(results(reply.body))) == ("", 3)
        assert lost not in workers.pids

    monkeypatch.setattr(pool.subprocess, "Popen", killed_at_once)
    with_workers(tmp_path, use)


def test_without_a_worker_that_works_the_body_passes(tmp_path: Path) -> None:
    async def use(workers: Workers) -> None:
        reply = await workers.ask(Frame(HEAD, conversation(3)))
        assert (reply.body, list(reply.head)) == (b"", ["problem"])
        assert reply.head["problem"].startswith("sent as it came: the worker died")

    with_workers(tmp_path, use, GONE)


def test_a_request_that_is_given_up_leaves_no_half_read_worker(tmp_path: Path) -> None:
    async def use(workers: Workers) -> None:
        given_up = asyncio.create_task(workers.ask(Frame(HEAD, conversation(300))))
        while not workers.busy:
            await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        assert results((await workers.ask(Frame(HEAD, conversation(2)))).body)

    with_workers(tmp_path, use)
