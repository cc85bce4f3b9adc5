"""One run of the proxy: `Options` in, two listeners on this machine until its stdin closes."""

from __future__ import annotations

import errno
import gc
import json
import logging
import os
from pathlib import Path

from headroom_wrap.proxy.mitm import adapt, import_lean

import_lean()

from mitmproxy.addons import core, disable_h2c, next_layer, proxyserver, tlsconfig  # noqa: E402
from mitmproxy.master import Master  # noqa: E402
from mitmproxy.options import Options as MitmOptions  # noqa: E402
from mitmproxy.proxy.mode_specs import ReverseMode  # noqa: E402

from headroom_wrap.proxy import ca, hosts  # noqa: E402
from headroom_wrap.proxy.account import Accounts  # noqa: E402
from headroom_wrap.proxy.addon import Headroom  # noqa: E402
from headroom_wrap.proxy.chain import Chain  # noqa: E402
from headroom_wrap.proxy.legs import Legs  # noqa: E402
from headroom_wrap.proxy.liveness import Liveness  # noqa: E402
from headroom_wrap.proxy.options import IDLE, Options  # noqa: E402
from headroom_wrap.proxy.otel import telemetry  # noqa: E402
from headroom_wrap.proxy.pool import Workers  # noqa: E402
from headroom_wrap.settings import environment  # noqa: E402

LOG = logging.getLogger("headroom.proxy")

# Every base-URL request is sent elsewhere by `requestheaders`; a name that can't exist (RFC 6761) shows if one isn't.
NOWHERE = "headroom.invalid"


async def serve(options: Options) -> int:
    """-> the exit code, after the end. Raises ValueError for bad options, OSError where it can't listen or write."""
    workers = Workers(options)
    accounts = Accounts(Path(options.home), telemetry(environment()))
    try:
        return await _serve(options, workers, accounts)
    finally:
        workers.close()
        accounts.close()


async def _serve(options: Options, workers: Workers, accounts: Accounts) -> int:
    authority = ca.authority(Path(options.home), hosts.inference(options.hosts), options.extra_ca)
    master = Master(mitm_options(options, authority))
    listeners = proxyserver.Proxyserver()  # type: ignore[no-untyped-call]

    def ready() -> None:
        ports = {_kind(server.mode): server.listen_addrs[0][1] for server in listeners.servers if server.listen_addrs}
        if len(ports) < 2:
            master.should_exit.set()
            return
        if addon.legs:
            addon.legs.base = ports["base"]
        gc.freeze()  # what was imported lives as long as we do: no collection needs to look at it
        gc.enable()
        print(json.dumps({**ports, "ca": str(authority.bundle)}), flush=True)  # noqa: T201
        accounts.retain(options.keep_days, options.keep_bytes)

    addon = Headroom(options, workers, accounts, ready)
    liveness = Liveness(options, master.should_exit.set)
    ours = (core.Core(), disable_h2c.DisableH2C(), listeners, next_layer.NextLayer(), tlsconfig.TlsConfig())
    master.addons.add(*ours, addon, liveness)  # type: ignore[no-untyped-call]
    master.options.update(connection_strategy="lazy", keep_host_header=True)  # type: ignore[no-untyped-call]
    adapt()
    if options.inject_tool:
        addon.legs = Legs(workers)
        await addon.legs.listen()
    async with liveness:
        await master.run()
    if addon.legs:
        addon.legs.close()
    # Connections that are cut off now are logged as errors by Python 3.10 and 3.11; the parent has gone, nobody cares.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    if error := _not_listening(listeners):
        raise OSError(f"{error}; choose another with --port")
    return IDLE if liveness.idle else 0


def mitm_options(options: Options, authority: ca.Authority) -> MitmOptions:
    """-> mitmproxy's options: loopback only, only inference hosts decrypted, certificates from our authority."""
    chain = Chain(options.upstream_proxy, options.no_proxy)
    base = f"reverse:http://{NOWHERE}:80@127.0.0.1:{options.base_port}"
    return MitmOptions(
        mode=[base, f"{chain.mode}@127.0.0.1:{options.connect_port}"],
        confdir=str(authority.folder),
        allow_hosts=[hosts.pattern(hosts.inference(options.hosts)), hosts.pattern([NOWHERE])],
        upstream_cert=False,
        ssl_verify_upstream_trusted_ca=str(authority.roots),
    )


def _not_listening(listeners: proxyserver.Proxyserver) -> str:
    """Which ports could not be opened, and why; empty: all could."""
    failed = [server for server in listeners.servers if isinstance(server.last_exception, OSError)]
    return ", ".join(f"port {server.mode.listen_port()} {_why(server.last_exception)}" for server in failed)


def _why(error: BaseException | None) -> str:
    code = error.errno or 0 if isinstance(error, OSError) else 0
    return "is taken" if code == errno.EADDRINUSE else f"can't be used: {os.strerror(code)}"


def _kind(mode: object) -> str:
    return "base" if isinstance(mode, ReverseMode) else "connect"
