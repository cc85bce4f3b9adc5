"""A proxy such as companies have: it takes CONNECT; a provider's name leads to the scripted provider, by TLS."""

from __future__ import annotations

import contextlib
import datetime
import select
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOST = "chatgpt.com"
IDLE_SECONDS = 60


@dataclass
class Corporate:
    """Where the proxy is, the file of its root, and the hosts that were asked for and refused."""

    url: str
    root: Path
    refused: list[str] = field(default_factory=list)


@contextlib.contextmanager
def corporate_proxy(folder: Path, port: int, hosts: Sequence[str] = (HOST,)) -> Iterator[Corporate]:
    """-> the proxy; CONNECT to one of the hosts leads to `port`, to anything else is refused."""
    context, root = tls(folder, "corporate", hosts)
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = Corporate(f"http://127.0.0.1:{listener.getsockname()[1]}", root)
    threads: list[threading.Thread] = []

    def accepting() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(client,), daemon=True))
            threads[-1].start()

    def serve(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            asked = head(client).split(b" ")[1].decode()
            if asked.rpartition(":")[0] not in hosts:
                proxy.refused.append(asked)
                client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                return
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with (
                context.wrap_socket(client, server_side=True) as secure,
                socket.create_connection(("127.0.0.1", port)) as server,
            ):
                pump(secure, server, bytearray())

    accepts = threading.Thread(target=accepting, daemon=True)
    accepts.start()
    try:
        yield proxy
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        accepts.join()
        listener.close()
        for thread in threads:
            thread.join(5)


def head(client: socket.socket) -> bytes:
    """-> the bytes up to the empty line that ends an HTTP head. Raises OSError where there is none."""
    found = b""
    while not found.endswith(b"\r\n\r\n"):
        piece = client.recv(1)
        if not piece:
            raise ConnectionError("hung up before the end of the head")
        found += piece
    return found


def pump(client: socket.socket, server: socket.socket, record: bytearray) -> None:
    """Pass on bytes both ways until one side ends; what the client sends is also put into `record`.

    One thread for both directions: OpenSSL's connections may not be used by two at once.
    """
    other = {client: server, server: client}
    with contextlib.suppress(OSError):
        while True:
            buffered = [side for side in other if isinstance(side, ssl.SSLSocket) and side.pending()]
            ready = buffered or select.select(list(other), [], [], IDLE_SECONDS)[0]
            if not ready:
                return
            for side in ready:
                piece = _received(side)
                if piece == b"":
                    return
                if side is client and piece:
                    record += piece
                other[side].settimeout(IDLE_SECONDS)
                other[side].sendall(piece or b"")


def _received(side: socket.socket) -> bytes | None:
    """-> what has come, empty at the end; None where that was nothing of the stream itself (a session ticket)."""
    side.settimeout(0)
    try:
        return side.recv(65_536)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None


def tls(folder: Path, name: str, hosts: Sequence[str]) -> tuple[ssl.SSLContext, Path]:
    """-> a server's side of TLS for these hosts, and the file of the root to trust for it."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate(f"{name} root", root_key, root_key, f"{name} root", ())
    leaf = _certificate(name, key, root_key, f"{name} root", hosts)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / f"{name}-leaf.pem").write_bytes(secret + leaf.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}-leaf.pem")
    return context, folder / f"{name}.pem"


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, issuer: str, hosts: Sequence[str]
) -> x509.Certificate:
    """-> a certificate for hosts, or without hosts that of an authority."""
    now = datetime.datetime.now(datetime.timezone.utc)
    subject, by = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer))
    made = (
        x509.CertificateBuilder(by, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=not hosts, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        made = made.add_extension(names, critical=False)
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return made.sign(signer, hashes.SHA256())
