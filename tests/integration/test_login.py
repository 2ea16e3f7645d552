"""Log in over TLS with an IAM token, and only to a server whose certificate is trusted."""

import datetime as dt
import ipaddress
import socket
import socketserver
import ssl
import struct
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePrivateKey, generate_private_key

from local.postgres import Postgres
from orders.config import DatabaseSettings, aws_region
from orders.domain.clock import Clock
from orders.domain.errors import DatabaseUnavailable
from orders.postgres import iam_auth
from orders.postgres.connection import Database, connect

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""The message of PostgreSQL's protocol that requests TLS."""


class Authority:
    """A certificate authority for servers, as AWS is for RDS."""

    def __init__(self) -> None:
        self._key = generate_private_key(SECP384R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority")])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = self._sign(self._name, self._key, constraints)

    def certify(self, address: str, key: EllipticCurvePrivateKey) -> x509.Certificate:
        """Issue a certificate for the server at an IP address."""
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, address)])
        return self._sign(name, key, x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]))

    def _sign(
        self, subject: x509.Name, key: EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(extension, critical=True)
            .sign(self._key, hashes.SHA256())
        )


class TlsProxy(socketserver.ThreadingTCPServer):
    """A TLS proxy in front of the bundled PostgreSQL, which has no TLS. Refuses other connections, as RDS does."""

    daemon_threads = True

    def __init__(self, server: Postgres, certificates: Path) -> None:
        super().__init__((server.host, 0), Connection)
        self.upstream = (server.host, server.port)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificates)

    def handle_error(self, *_: object) -> None:
        """Ignore clients that do not trust the server and hang up."""


class Connection(socketserver.BaseRequestHandler):
    server: TlsProxy

    def handle(self) -> None:
        assert self.request.recv(len(SSL_REQUEST)) == SSL_REQUEST
        self.request.sendall(b"S")
        with (
            self.server.tls.wrap_socket(self.request, server_side=True) as client,
            socket.create_connection(self.server.upstream) as upstream,
        ):
            Thread(target=forward, args=(upstream, client), daemon=True).start()
            forward(client, upstream)


def forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(65536):
            target.sendall(received)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server that asks for a password in clear text, as RDS does for tokens."""
    server = Postgres(tmp_path_factory.mktemp("server") / "data")
    server.start()
    server.create_database("orders", owner="owner")
    (server.data / "pg_hba.conf").write_text("host all postgres all trust\nhost all all all password\n")
    server.restart()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def proxy(server: Postgres, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsProxy]:
    """The TLS proxy in front of the server."""
    key = generate_private_key(SECP384R1())
    unencrypted = serialization.NoEncryption()
    pem = tmp_path_factory.mktemp("proxy") / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted)
        + authority.certify(server.host, key).public_bytes(serialization.Encoding.PEM)
    )
    with TlsProxy(server, pem) as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        yield proxy
        proxy.shutdown()


@pytest.fixture
def settings(
    server: Postgres, proxy: TlsProxy, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> DatabaseSettings:
    """Settings to log in as the owner: the authority is trusted, and the owner's password is the current token."""
    trusted = tmp_path / f"{aws_region()}.pem"
    trusted.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setattr(iam_auth, "CERTIFICATES", tmp_path)
    now = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    monkeypatch.setattr(Clock, "now", lambda _: now)
    host, port = proxy.server_address[:2]
    settings = DatabaseSettings(str(host), port, "orders", "owner", auth="iam", application="test")
    superuser = replace(settings, host=server.host, port=server.port, user=server.user, auth="none")
    with closing(connect(superuser)) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER ROLE owner PASSWORD %s", (iam_auth.iam_token(settings, now),))
    return settings


def logged_in_as(settings: DatabaseSettings) -> object:
    with closing(Database(settings)) as database:
        return database.fetch(dict, "SELECT current_user AS name")[0]["name"]


def test_given_a_token_when_a_function_logs_in_then_it_is_connected_over_tls(settings: DatabaseSettings) -> None:
    assert logged_in_as(settings) == "owner"


def test_given_a_token_of_another_user_when_a_function_logs_in_then_it_is_refused(settings: DatabaseSettings) -> None:
    with pytest.raises(DatabaseUnavailable) as refused:
        logged_in_as(replace(settings, user="orders_app"))
    assert "password authentication failed" in str(refused.value.__cause__)


def test_given_an_untrusted_server_when_a_function_logs_in_then_it_is_refused(
    settings: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iam_auth, "CERTIFICATES", Path(iam_auth.__file__).with_name("certificates"))
    with pytest.raises(DatabaseUnavailable) as refused:
        logged_in_as(settings)
    assert "certificate verify failed" in str(refused.value.__cause__)


def test_given_another_hosts_certificate_when_a_function_logs_in_then_it_is_refused(
    settings: DatabaseSettings,
) -> None:
    with pytest.raises(DatabaseUnavailable) as refused:
        logged_in_as(replace(settings, host="localhost"))
    assert "does not match host name" in str(refused.value.__cause__)
