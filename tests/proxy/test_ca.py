"""The authority, as Python's TLS and Node's see it."""

from __future__ import annotations

import datetime
import shutil
import socket
import ssl
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from headroom_wrap.proxy import ca
from headroom_wrap.proxy.ca import KEY_FILE, authority
from tests.proxy.loopback import Upstream, proxy
from tests.proxy.tls import own_server

HOSTS = ("api.example.com", "llm.example.org")


def certificate(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / KEY_FILE).read_bytes())


def test_the_key_is_the_users_alone_and_the_authority_is_kept(tmp_path: Path) -> None:
    made = authority(tmp_path, HOSTS)
    again = authority(tmp_path, tuple(reversed(HOSTS)))
    assert again == made
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (made.folder / KEY_FILE, made.folder, tmp_path / "ca")]
    assert modes == [0o600, 0o700, 0o700]


def test_another_set_of_hosts_gets_another_authority(tmp_path: Path) -> None:
    one, other = authority(tmp_path, HOSTS), authority(tmp_path, (*HOSTS, "more.example"))
    assert certificate(one.folder).public_key() != certificate(other.folder).public_key()


def test_the_names_are_constrained_critically_and_addresses_are_excluded(tmp_path: Path) -> None:
    made = certificate(authority(tmp_path, HOSTS).folder)
    limits = made.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert [name.value for name in limits.value.permitted_subtrees or ()] == sorted(HOSTS)
    assert [str(net.value) for net in limits.value.excluded_subtrees or ()] == ["0.0.0.0/0", "::/0"]
    basic = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)


def test_an_authority_about_to_end_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ca, "LIFETIME", datetime.timedelta(days=20))
    old = certificate(authority(tmp_path, HOSTS).folder)
    monkeypatch.undo()
    assert certificate(authority(tmp_path, HOSTS).folder).serial_number != old.serial_number


def test_the_bundle_adds_the_users_own_roots_and_ours_to_the_public_ones(tmp_path: Path) -> None:
    own = tmp_path / "corporate.pem"
    root, _ = own_server(tmp_path, "corp.example")
    own.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    made = authority(tmp_path, HOSTS, [str(own), str(tmp_path / "missing.pem")])
    roots, bundle = made.roots.read_text(), made.bundle.read_text()
    assert roots.count("BEGIN CERTIFICATE") > 50
    assert own.read_text() in roots
    assert bundle == roots + certificate(made.folder).public_bytes(serialization.Encoding.PEM).decode()


def handshake(connect: int, name: str, bundle: Path) -> None:
    """CONNECT and TLS as an agent does it. Raises ssl.SSLError."""
    with socket.create_connection(("127.0.0.1", connect), timeout=60) as line:
        line.sendall(f"CONNECT {name}:443 HTTP/1.1\r\nhost: {name}:443\r\n\r\n".encode())
        assert b" 200 " in line.recv(4096)
        context = ssl.create_default_context(cafile=str(bundle))
        with context.wrap_socket(line, server_hostname=name):
            pass


def test_a_certificate_for_an_inference_host_is_accepted_by_python(tmp_path: Path) -> None:
    with proxy(tmp_path, hosts=["llm.example.org"]) as running:
        handshake(running.connect, "llm.example.org", running.ca)
        handshake(running.connect, "api.anthropic.com", running.ca)
        handshake(running.connect, "api.individual.githubcopilot.com", running.ca)


def leaf(made: ca.Authority, folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for any name, signed with the authority's key as a thief of it would."""
    key = serialization.load_pem_private_key((made.folder / KEY_FILE).read_bytes(), None)
    now = datetime.datetime.now(datetime.timezone.utc)
    issuer = certificate(made.folder)
    signed = (
        x509.CertificateBuilder(issuer.subject, x509.Name([]), issuer.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)  # type: ignore[arg-type]
        .sign(key, ca.hashes.SHA256())  # type: ignore[arg-type]
    )
    file = folder / f"{name}.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return file, made.folder / KEY_FILE


def server_context(made: ca.Authority, folder: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*leaf(made, folder, name))
    return context


def verify_in_python(port: int, name: str, bundle: Path) -> bool:
    context = ssl.create_default_context(cafile=str(bundle))
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        try:
            with context.wrap_socket(line, server_hostname=name):
                return True
        except ssl.SSLCertVerificationError as error:
            assert "permitted subtree violation" in str(error)
            return False


NODE = """
const [port, name] = process.argv.slice(1);
const to = {host: "127.0.0.1", port: +port, servername: name};
const s = require("tls").connect(to, () => { console.log("yes"); s.end(); });
s.on("error", (e) => console.log(e.message));
"""


def verify_in_node(port: int, name: str, bundle: Path) -> str:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    environment = {"NODE_EXTRA_CA_CERTS": str(bundle), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [node, "-e", NODE, str(port), name], env=environment, capture_output=True, timeout=60, check=True
    )
    return done.stdout.decode().strip()


@pytest.mark.parametrize(("name", "valid"), [("api.example.com", True), ("bank.example.com", False)])
def test_a_stolen_key_is_worth_nothing_for_another_host(name: str, valid: bool, tmp_path: Path) -> None:
    made = authority(tmp_path, HOSTS)
    with Upstream(tls=server_context(made, tmp_path, name)).running() as upstream:
        assert verify_in_python(upstream.port, name, made.bundle) == valid
        upstream.errors.clear()
        answer = verify_in_node(upstream.port, name, made.bundle)
        upstream.errors.clear()
    assert answer == ("yes" if valid else "permitted subtree violation")
