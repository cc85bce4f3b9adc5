"""The user's own certificate authority: host names and a folder in, the files that mitmproxy and the agent need out.

Its key never leaves the folder (0600 in a 0700 folder), it is never installed in a system store, and its name
constraints (RFC 5280 §4.2.1.10, critical) make it worthless for any host but the ones that are decrypted: another set
of hosts gets another authority. EC P-256, because a new key costs 1 ms and not the 100 ms of RSA 2048.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = datetime.timedelta(days=730)
RENEW = datetime.timedelta(days=30)
KEY_FILE = "mitmproxy-ca.pem"


@dataclass(frozen=True, slots=True)
class Authority:
    """`folder` holds key and certificate as mitmproxy wants them; `roots` is what to trust upstream; `bundle` = roots
    and ours, for the agent."""

    folder: Path
    roots: Path
    bundle: Path


def authority(home: Path, hosts: Sequence[str], extra: Iterable[str] = ()) -> Authority:
    """-> the authority for exactly these hosts, made if there is none or it is about to end. Raises OSError."""
    folder = home / "ca" / hashlib.sha256("\n".join(sorted(hosts)).encode()).hexdigest()[:16]
    for each in (home, home / "ca", folder):  # the mode is for the last folder only
        each.mkdir(parents=True, exist_ok=True, mode=0o700)
    (home / "ca").chmod(0o700)
    key_file = folder / KEY_FILE
    if not _lasts(key_file):
        _write(key_file, _create(hosts))
    ours = key_file.read_text().partition("-----END PRIVATE KEY-----\n")[2]
    roots = _roots(extra)
    return Authority(folder, _named(folder, "roots", roots), _named(folder, "bundle", roots + ours))


def _lasts(key_file: Path) -> bool:
    if not key_file.exists():
        return False
    certificate = x509.load_pem_x509_certificate(key_file.read_bytes())
    # not_valid_after_utc came with cryptography 42; the older name warns from then on.
    return certificate.not_valid_after_utc - RENEW > datetime.datetime.now(datetime.timezone.utc)


def _create(hosts: Sequence[str]) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (secret + _certificate(key, hosts).public_bytes(serialization.Encoding.PEM)).decode()


def _certificate(key: ec.EllipticCurvePrivateKey, hosts: Sequence[str]) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Headroom (this user, inference hosts only)")])
    now = datetime.datetime.now(datetime.timezone.utc)
    nowhere = [x509.IPAddress(ipaddress.ip_network(net)) for net in ("0.0.0.0/0", "::/0")]
    limits = x509.NameConstraints([x509.DNSName(host) for host in sorted(hosts)], nowhere)
    signing = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    usage = x509.KeyUsage(**signing, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False)
    public = key.public_key()
    return (
        x509.CertificateBuilder(name, name, public, x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(limits, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _roots(extra: Iterable[str]) -> str:
    """-> the system's roots (certifi's where it has none in one file) and the user's own; a missing file is skipped,
    because every runtime skips it too."""
    system = ssl.get_default_verify_paths().cafile or certifi.where()
    files = [Path(system), *map(Path, extra)]
    return "".join(file.read_text("utf-8", "replace").rstrip() + "\n" for file in files if file.is_file())


def _named(folder: Path, kind: str, text: str) -> Path:
    """-> a file with this text, named by its content: a running agent's bundle never changes under it."""
    file = folder / f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.pem"
    if not file.exists():
        _write(file, text)
    return file


def _write(file: Path, text: str) -> None:
    """Write whole or not at all, readable by the user alone: several proxies may start at once."""
    handle, name = tempfile.mkstemp(dir=file.parent)  # mkstemp makes it 0600
    with os.fdopen(handle, "w", encoding="utf-8") as temporary:
        temporary.write(text)
    Path(name).replace(file)
