"""A broker with TLS, passwords and rights, for tests of who is let in and what is said to who is not."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from deploy.local_kafka import LocalKafka, free_port
from tests.broker.topics import admin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER, PASSWORD = "app", "app-secret-of-this-test"
_PLUGIN = "org.apache.kafka.common.security"
_PROTOCOLS = {
    "CONTROLLER": "PLAINTEXT",
    "PLAINTEXT": "PLAINTEXT",
    "SASL_SSL": "SASL_SSL",
    "SCRAM": "SASL_SSL",
    "SSL": "SSL",
}


@dataclass(frozen=True)
class Secured:
    """Where its listeners are, and the files to reach them with."""

    plain: str  # anonymous, may do everything
    sasl_ssl: str  # PLAIN, USER with PASSWORD, only what ACLs allow
    scram: str  # SCRAM-SHA-256 and -512, the same user
    mutual_tls: str  # wants a client certificate
    authority: Path
    certificate: Path  # of a client that may do everything, signed by the authority
    key: Path
    humble: tuple[Path, Path]  # certificate and key of CN=humble, only what ACLs allow

    def by_password(self, mechanism: str, secret: Path) -> dict[str, str]:
        """A replica's settings: USER, with its password in a file."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.sasl_ssl if mechanism == "PLAIN" else self.scram,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": mechanism,
            "KAFKA_SASL_USERNAME": USER,
            "KAFKA_SASL_PASSWORD_FILE": str(secret),
            "KAFKA_SSL_CAFILE": str(self.authority),
        }

    def by_certificate(self) -> dict[str, str]:
        """A replica's settings: CN=humble, without a password."""
        pem, key = self.humble
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.mutual_tls,
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_SSL_CAFILE": str(self.authority),
            "KAFKA_SSL_CERTFILE": str(pem),
            "KAFKA_SSL_KEYFILE": str(key),
        }


def certificate(folder: Path, name: str, authority: str | None = None) -> tuple[Path, Path]:
    """A certificate and its key for 127.0.0.1, signed by ``authority`` of the same folder or by itself."""
    pem, key = folder / f"{name}.pem", folder / f"{name}.key"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]
    words += ["-days", "2", "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(pem)]
    if authority:
        words += ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]
        words += ["-CA", str(folder / f"{authority}.pem"), "-CAkey", str(folder / f"{authority}.key")]
    subprocess.run(words, check=True, capture_output=True)
    return pem, key


@contextmanager
def secured_kafka(folder: Path) -> Iterator[Secured]:
    """One running, with ACLs on and none given."""
    authority, _ = certificate(folder, "authority")
    client_pem, client_key = certificate(folder, "client", "authority")
    ports = {name: free_port() for name in _PROTOCOLS}
    with LocalKafka(port=ports["PLAINTEXT"], properties=_properties(folder, ports)) as kafka:
        _add_user(kafka.bootstrap)
        yield Secured(
            plain=kafka.bootstrap,
            sasl_ssl=f"127.0.0.1:{ports['SASL_SSL']}",
            scram=f"127.0.0.1:{ports['SCRAM']}",
            mutual_tls=f"127.0.0.1:{ports['SSL']}",
            authority=authority,
            certificate=client_pem,
            key=client_key,
            humble=certificate(folder, "humble", "authority"),
        )


def _properties(folder: Path, ports: dict[str, int]) -> dict[str, str]:
    pem, key = certificate(folder, "broker", "authority")
    authority, store = folder / "authority.pem", folder / "store.pem"
    store.write_text(key.read_text() + pem.read_text() + authority.read_text())
    listeners = [f"{name}://127.0.0.1:{port}" for name, port in ports.items()]
    return {
        "listeners": ",".join(listeners),
        "advertised.listeners": ",".join(line for line in listeners if not line.startswith("CONTROLLER")),
        "listener.security.protocol.map": ",".join(f"{name}:{kind}" for name, kind in _PROTOCOLS.items()),
        "controller.quorum.voters": f"1@127.0.0.1:{ports['CONTROLLER']}",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(store),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority),
        "listener.name.ssl.ssl.client.auth": "required",
        "listener.name.sasl_ssl.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": (
            f'{_PLUGIN}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
        ),
        "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.scram.scram-sha-256.sasl.jaas.config": f"{_PLUGIN}.scram.ScramLoginModule required;",
        "listener.name.scram.scram-sha-512.sasl.jaas.config": f"{_PLUGIN}.scram.ScramLoginModule required;",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:CN=client",
    }


def _add_user(plain: str) -> None:
    """USER for SCRAM, whose users the cluster keeps; those of PLAIN stand in its settings."""
    with admin(plain) as client:
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):  # one a request
            credential = UserScramCredentialUpsertion(USER, mechanism, PASSWORD)
            assert client.alter_user_scram_credentials([credential]) == {USER: None}
