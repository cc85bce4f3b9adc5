"""What the proxy costs: direct, bare mitmproxy and ours in one run on loopback, and the memory of all its processes.

The conversations are warm: every segment was seen before. Each client has a conversation of its own, and sends it
turn by turn, each longer than the one before.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

SIZES = {"50 KB": 50_000, "500 KB": 500_000, "2 MB": 2_000_000}
TURNS = 6
ANSWER = json.dumps({"id": "m", "type": "message", "usage": {"input_tokens": 9, "output_tokens": 1}}).encode()


def turn(number: int, size: int, talk: int = 0) -> list[dict[str, object]]:
    """One call and its result of `size` characters: half of its lines are new, the others stand in each result."""
    chance = random.Random(f"{talk} {number}")
    lines = [f"src/part_{i}.py:{i}: def step_{i}(value): return value * {i} + offset" for i in range(size // 200)]
    while sum(map(len, lines)) < size - len(lines):
        place = f"{chance.randrange(10**6)}: {chance.choice(('ok', 'warn', 'skip'))} {chance.random():.6f}"
        lines.append(f"src/module_{chance.randrange(50)}/file.py:{place}")
    call = {"type": "tool_use", "id": f"t{number}", "name": "Bash", "input": {"command": f"rg -n step_{number} src"}}
    text = {"type": "text", "text": f"Looking at step {number}."}
    result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": "\n".join(lines)}
    return [{"role": "assistant", "content": [text, call]}, {"role": "user", "content": [result]}]


def conversation(size: int, talk: int = 0, more: int = 0, result: int = 4000) -> bytes:
    """An Anthropic request body of about `size` bytes and `more` turns: of one talk, each is the next one's start."""
    messages: list[dict[str, object]] = [{"role": "user", "content": f"Tidy up the steps of {talk}."}]
    for number in range(max(1, size // (result + 300)) + more):
        messages += turn(number, result, talk)
    return json.dumps({"model": "claude-x", "max_tokens": 1, "stream": False, "messages": messages}).encode()


class Answering(asyncio.Protocol):
    """An upstream that reads a request whole and answers the same few bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.left, self.head = 0, b""

    def data_received(self, data: bytes) -> None:
        if self.left == 0:
            self.head += data
            head, found, rest = self.head.partition(b"\r\n\r\n")
            if not found:
                return
            self.head = b""
            self.left = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]) + 0
            data = rest
        self.left -= len(data)
        if self.left == 0:
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(ANSWER)
            self.transport.write(head + ANSWER)  # type: ignore[attr-defined]


async def serve_upstream() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def serve_bare(upstream: str) -> None:
    """mitmproxy as the proxy runs it, but for the addon."""
    from headroom_wrap.proxy import ca, hosts, server  # noqa: PLC0415 - mitmproxy would count in the clients' memory
    from headroom_wrap.proxy.options import Options  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as home:
        options = Options(home)
        given = server.mitm_options(options, ca.authority(Path(home), hosts.inference()))
        given.update(mode=[f"reverse:{upstream}@127.0.0.1:0"], allow_hosts=[])
        master = server.Master(given)
        listeners = server.proxyserver.Proxyserver()
        more = (server.next_layer.NextLayer(), server.tlsconfig.TlsConfig())
        master.addons.add(server.core.Core(), server.disable_h2c.DisableH2C(), listeners, *more)
        master.options.update(connection_strategy="lazy")
        running = asyncio.create_task(master.run())
        while not listeners.listen_addrs():
            await asyncio.sleep(0.01)
        print(listeners.listen_addrs()[0][1], flush=True)
        await running


@contextlib.contextmanager
def child(*arguments: str, say: bytes = b"") -> Iterator[tuple[subprocess.Popen[bytes], bytes]]:
    running = subprocess.Popen([sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert running.stdin and running.stdout
    running.stdin.write(say)
    running.stdin.flush()
    try:
        yield running, running.stdout.readline()
    finally:
        running.stdin.close()
        running.terminate()
        running.wait()


def post(connection: http.client.HTTPConnection, body: bytes) -> float:
    start = time.perf_counter()
    connection.request("POST", "/v1/messages", body, {"content-type": "application/json"})
    response = connection.getresponse()
    response.read()
    assert response.status == 200, response.status
    return (time.perf_counter() - start) * 1000


def load(port: int, talks: list[list[bytes]]) -> list[float]:
    """Each talk by a client of its own, its turns one after the other -> milliseconds, without the first of each."""
    times: list[float] = []

    def client(talk: list[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        times.extend([post(connection, body) for body in talk][1:])
        connection.close()

    threads = [threading.Thread(target=client, args=(talk,)) for talk in talks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def compare(ports: dict[str, int], rounds: int) -> None:
    print(f"{'':>17}  {'direct':>13}  {'bare':>13}  {'ours':>13}   added to bare (p50)   [p50 / p95, ms]")
    for name, size in SIZES.items():
        talks = [[conversation(size, talk, more) for more in range(TURNS)] for talk in range(8)]
        for talk in talks:  # decides every segment: from here on the conversations are warm
            load(ports["ours"], [talk[-1:]])
        for clients in (1, 8):
            times: dict[str, list[float]] = {kind: [] for kind in ports}
            for _ in range(rounds):  # in turns, so that whatever else the machine does hits all three
                for kind, port in ports.items():
                    times[kind] += load(port, talks[:clients])
            half = {kind: statistics.median(found) for kind, found in times.items()}
            most = {kind: statistics.quantiles(found, n=20)[-1] for kind, found in times.items()}
            cells = "  ".join(f"{half[kind]:5.1f} / {most[kind]:5.1f}" for kind in times)
            label = f"{name}, {clients} client{'s' if clients > 1 else ''}"
            print(f"{label:>17}  {cells}   {half['ours'] - half['bare']:+6.1f}", flush=True)


def memory(pid: int) -> dict[str, float]:
    """MB resident of the proxy and of its workers."""
    proxy = psutil.Process(pid)
    workers = sum(worker.memory_info().rss for worker in proxy.children(recursive=True))
    return {"proxy": proxy.memory_info().rss / 1e6, "workers": workers / 1e6}


def said(found: dict[str, float]) -> str:
    return f"{sum(found.values()):.0f} MB ({', '.join(f'{kind} {mb:.0f}' for kind, mb in found.items())})"


def soak(port: int, pid: int, requests: int, most: int) -> None:
    """A session that grows by one turn per request up to `most` bytes; then the next session begins."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    messages: list[str] = []
    start = time.perf_counter()
    for number in range(requests):
        if sum(map(len, messages)) > most:
            messages.clear()
        messages += map(json.dumps, turn(number, 2000))
        text = f'{{"model": "claude-x", "max_tokens": 1, "messages": [{", ".join(messages)}]}}'
        post(connection, text.encode())
    print(f"after {requests} requests ({time.perf_counter() - start:.0f} s): {said(memory(pid))}")


def accepting(home: str) -> float:
    """Seconds from start to the ready line."""
    start = time.perf_counter()
    with child("-m", "headroom_wrap.proxy", say=json.dumps({"home": home}).encode() + b"\n"):
        return time.perf_counter() - start


def cli_help() -> str:
    def once() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "headroom_wrap", "--help"], check=True, capture_output=True)
        return time.perf_counter() - start

    try:
        return f"{statistics.median(once() for _ in range(5)) * 1000:.0f} ms"
    except subprocess.CalledProcessError:
        return "not there"


def measure(given: argparse.Namespace) -> None:
    me = str(Path(__file__))
    with tempfile.TemporaryDirectory() as home:
        starts = sorted(accepting(home) for _ in range(5))
        print(f"start to accepting: {starts[2] * 1000:.0f} ms median, {starts[-1] * 1000:.0f} ms slowest of 5")
        print(f"headroom --help: {cli_help()}")
        with child(me, "--serve-upstream") as (_, port):
            url = f"http://127.0.0.1:{int(port)}"
            options = json.dumps({"home": home, "session": "bench", "upstream": url}).encode() + b"\n"
            with child(me, "--serve-bare", url) as (_, bare), child("-m", "headroom_wrap.proxy", say=options) as ours:
                ports = {"direct": int(port), "bare": int(bare), "ours": json.loads(ours[1])["base"]}
                load(ports["ours"], [[conversation(5000)]])
                time.sleep(1)
                print(f"idle after one request: {said(memory(ours[0].pid))}")
                if given.soak:
                    soak(ports["ours"], ours[0].pid, given.soak, given.most)
                if given.rounds:
                    compare(ports, given.rounds)
                print(f"at the end: {said(memory(ours[0].pid))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="rounds of 5 turns per client and kind; 0: none")
    parser.add_argument("--soak", type=int, default=2000, help="requests of the growing session; 0: none")
    parser.add_argument("--most", type=int, default=1_000_000, help="bytes to which that session grows")
    parser.add_argument("--serve-upstream", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--serve-bare", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    serve: Callable[[], object] = lambda: measure(given)  # noqa: E731
    if given.serve_upstream:
        serve = lambda: asyncio.run(serve_upstream())  # noqa: E731
    elif given.serve_bare:
        serve = lambda: asyncio.run(serve_bare(given.serve_bare))  # noqa: E731
    serve()


if __name__ == "__main__":
    main()
