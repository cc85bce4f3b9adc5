"""mitmproxy's hooks, and nothing but hooks: each takes a flow, asks who knows, and sets what comes out on the flow."""

from __future__ import annotations

import asyncio
import functools
import logging
import re
from collections.abc import Callable
from pathlib import Path

from mitmproxy import http
from mitmproxy.proxy.mode_specs import ReverseMode

from headroom_wrap.proxy import hosts, metrics
from headroom_wrap.proxy.account import Account, Accounts
from headroom_wrap.proxy.chain import Chain
from headroom_wrap.proxy.frames import Frame
from headroom_wrap.proxy.legs import TOKEN, Legs, Taken
from headroom_wrap.proxy.mitm import error_body
from headroom_wrap.proxy.options import Options
from headroom_wrap.proxy.pool import Workers
from headroom_wrap.proxy.tap import Tap
from headroom_wrap.proxy.websocket import Connection
from headroom_wrap.wire import Wire
from headroom_wrap.wire.table import wire_for

LOG = logging.getLogger("headroom.proxy")
REFUSED = (400, 413, 422)

# A refusal that isn't about the shape of the body: sending the longer original would only make it worse.
_NOT_OURS = re.compile(
    rb"too long|too large for|context.?(length|window|limit)|maximum context|token limit|credit|billing|quota", re.I
)


class Headroom:
    """The one addon. Keeps no flow; what it knows of one stands in `flow.metadata` and ends with it.

    Raises ValueError for options that can't be used.
    """

    def __init__(self, options: Options, workers: Workers, accounts: Accounts, ready: Callable[[], None]) -> None:
        self._options = options
        self._workers = workers
        self._accounts = accounts
        self._chain = Chain(options.upstream_proxy, options.no_proxy)
        self._hosts = hosts.inference(options.hosts)
        self._upstream = hosts.target(options.upstream) if options.upstream else None
        self._passing: set[str] = set()
        self._open: dict[int, Account] = {}
        self.running = ready
        self.legs: Legs | None = None

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Send a base-URL request to its provider; refuse browsers and, if told so, WebSockets."""
        if self._is_leg(flow):
            return
        if isinstance(flow.client_conn.proxy_mode, ReverseMode):
            if not self._welcome(flow.request):
                flow.response = _answer(403, "this listener is for programs of this machine, not for web pages")
                return
            if metrics.asked(flow.request.path):
                flow.metadata["ours"] = True
                return
            self._route(flow)
        self._chain.attach(flow)
        upgrade = flow.request.headers.get("upgrade", "").lower() == "websocket"
        if upgrade and not self._options.websocket and self._wire(flow):
            flow.response = _answer(426, "WebSockets are switched off here; use HTTP")

    def _is_leg(self, flow: http.HTTPFlow) -> bool:
        """Whether this is a request of `Legs`: it goes where the client's would have gone."""
        origin = self.legs and self.legs.origin(flow.request.headers.get(TOKEN, ""))
        if not origin:
            return False
        del flow.request.headers[TOKEN]
        flow.request.scheme, flow.request.host, flow.request.port = origin
        flow.metadata["leg"] = True
        self._chain.attach(flow)
        return True

    def _welcome(self, request: http.Request) -> bool:
        origin = request.headers.get("origin")
        return hosts.loopback(request.headers.get("host", "")) and (origin is None or hosts.local_origin(origin))

    def _route(self, flow: http.HTTPFlow) -> None:
        request = flow.request
        provider = self._upstream or hosts.target(hosts.upstream_for(request.path, request.headers))
        scheme, host, port, prefix = provider
        request.scheme, request.host, request.port = scheme, host, port  # mitmproxy sets the Host header to match
        request.path = prefix + request.path

    def _wire(self, flow: http.HTTPFlow) -> Wire | None:
        ours = isinstance(flow.client_conn.proxy_mode, ReverseMode) or hosts.below(flow.request.host, self._hosts)
        return wire_for(flow.request.path) if ours else None

    async def request(self, flow: http.HTTPFlow) -> None:
        """Rewrite the body of a POST on a wire: everything is computed first, then assigned once."""
        if flow.metadata.get("ours") and not flow.response:
            flow.response = await self._ours(flow.request)
            return
        wire = self._wire(flow) if flow.request.method == "POST" and not flow.response else None
        if wire is None or await self._taken(flow, wire):
            return
        account = flow.metadata["account"] = self._account(flow, wire)
        flow.metadata["wire"] = wire
        raw = flow.request.raw_content or b""
        account.before = account.after = len(raw)
        if not self._options.enabled or (account.session and self._is_passing(account)):
            return
        encoding = flow.request.headers.get("content-encoding", "")
        injected = "leg" in flow.metadata
        head = {"kind": "body", "path": flow.request.path, "encoding": encoding, "decide": True, "injected": injected}
        reply = await self._workers.ask(Frame(head, raw))
        self._note(account, reply)
        account.changed = injected
        if reply.head.get("changed") and not self._is_passing(account):
            account.changed = True
            _replace(flow.request, reply.body)

    async def _taken(self, flow: http.HTTPFlow, wire: Wire) -> bool:
        """Route a request that gets our tool to `Legs` -> whether it did; its legs come back here one by one."""
        request, idle = flow.request, not self._options.enabled or self._session(flow) in self._passing
        if self.legs is None or "leg" in flow.metadata or idle:
            return False
        origin = (request.scheme, request.host, request.port)
        came = Taken(wire, origin, request.path, request.raw_content or b"")
        token = await self.legs.take(came, request.headers.get("content-encoding", ""), self._passing)
        if token:
            flow.metadata["token"] = request.headers[TOKEN] = token
            request.scheme, request.host, request.port = "http", "127.0.0.1", self.legs.port
            flow.server_conn.via = None
            _replace(request, b"")  # `Legs` has it
        return bool(token)

    def _session(self, flow: http.HTTPFlow) -> str:
        return self._options.session or flow.request.headers.get("x-claude-code-session-id", "")

    async def _ours(self, request: http.Request) -> http.Response:
        """What the proxy itself is asked: its health and figures, never sent on. The ledger is read beside the loop."""
        if request.method not in ("GET", "HEAD"):
            return _answer(405, "ask for this with GET")
        now = {"session": self._options.session, "workers": len(self._workers.pids), "busy": self._workers.busy}
        home, path = Path(self._options.home), metrics.asked(request.path)
        said = await asyncio.to_thread(metrics.answer, path, home, now)
        return http.Response.make(said.status, said.body, {"content-type": said.kind, "cache-control": "no-store"})

    def _account(self, flow: http.HTTPFlow, wire: Wire) -> Account:
        options, headers = self._options, flow.request.headers
        agent = options.agent or headers.get("user-agent", "").partition("/")[0][:40]
        account = Account(
            self._session(flow), agent, options.project, wire.name, self._write, login=hosts.by_login(headers)
        )
        self._open[id(account)] = account
        return account

    def _write(self, account: Account) -> None:
        self._open.pop(id(account), None)
        self._accounts.write(account)

    def _note(self, account: Account, reply: Frame) -> None:
        account.note(reply.head)
        account.session = account.session or account.conversation
        account.outcomes = reply.tail

    def _is_passing(self, account: Account) -> bool:
        if account.session not in self._passing:
            return False
        account.add_problem("passing through: the provider refused a changed body earlier in this session")
        account.outcomes, account.after = b"", account.before
        return True

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Stream everything; the request's body has gone and is dropped."""
        response = flow.response
        if response is None or response.status_code == 101:
            return
        flow.request.data.content = None
        headers = response.headers
        kind, encoding = headers.get("content-type", ""), headers.get("content-encoding", "")
        tap = Tap(flow.metadata.get("wire"), response.status_code, kind, encoding)
        response.stream = tap
        if account := flow.metadata.get("account"):
            account.status, account.tap = response.status_code, tap

    def response(self, flow: http.HTTPFlow) -> None:
        """The response is complete, or a WebSocket begins."""
        if flow.websocket is not None:
            self._connected(flow)
        else:
            self._finish(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """Somebody hung up: at the last event (that is how some clients end), in the middle, or before the start."""
        account: Account | None = flow.metadata.get("account")
        if account and not flow.response:
            account.add_problem(f"no response: {flow.error.msg if flow.error else 'unknown'}")
        self._finish(flow)

    def _finish(self, flow: http.HTTPFlow) -> None:
        account: Account | None = flow.metadata.pop("account", None)
        if self.legs:
            self.legs.forget(flow.metadata.pop("token", ""))
        if account:
            self._refused(account, account.tap.error() if account.tap else b"")
            account.finish()

    def _refused(self, account: Account, text: bytes) -> None:
        """After a refusal of a changed body the session passes through, and says so."""
        if account.changed and account.status in REFUSED and not _NOT_OURS.search(text):
            self._passing.add(account.session)
            what = f"the provider answered {account.status} to a changed body"
            account.add_problem(f"{what}: this session passes through now")
            LOG.warning("session %s: %s", account.session, account.problem)

    def _connected(self, flow: http.HTTPFlow) -> None:
        wire = self._wire(flow)
        if wire is None or not self._options.enabled:
            return
        account = functools.partial(self._account, flow, wire)
        flow.metadata["connection"] = Connection(
            flow.request.path, wire, self._workers, account, self._refused, self._is_passing
        )

    async def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Rewrite a client's message, read a server's, and keep none of them."""
        if flow.websocket is None:
            return
        message = flow.websocket.messages[-1]
        flow.websocket.messages.clear()
        connection: Connection | None = flow.metadata.get("connection")
        if connection is None:
            return
        if not message.from_client:
            connection.received(message.content)
            return
        new = await connection.sent(message.content)
        if new is not message.content:
            message.content = new

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        """The connection ended, by whomever."""
        connection: Connection | None = flow.metadata.pop("connection", None)
        if connection:
            connection.closed()

    def http_connect_upstream(self, flow: http.HTTPFlow) -> None:
        """Say who we are to the user's own proxy."""
        self._chain.authorize(flow)

    def done(self) -> None:
        """The proxy ends: what is still open is recorded with what is known."""
        for account in list(self._open.values()):
            account.add_problem("the proxy ended before the response did")
            account.finish()


def _answer(status: int, message: str) -> http.Response:
    return http.Response.make(status, error_body(status, message), {"content-type": "application/json"})


def _replace(request: http.Request, body: bytes) -> None:
    """A changed body goes out plain: what was compressed came compressed, the new one isn't."""
    request.headers.pop("content-encoding", None)
    if "transfer-encoding" not in request.headers:
        request.headers["content-length"] = str(len(body))
    request.data.content = body
