"""A broker with TLS, passwords and rights, for tests of who is let in and what is said to who is not."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.local_kafka import LocalKafka, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER, PASSWORD = "app", "app-secret-of-this-test"


@dataclass(frozen=True)
class Secured:
    """Where its listeners are, and the files to reach them with."""

    plain: str  # anonymous, may do everything
    sasl_ssl: str  # USER with PASSWORD, only what ACLs allow
    mutual_tls: str  # wants a client certificate
    authority: Path
    certificate: Path  # of a client, signed by the authority
    key: Path


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
    pem, key = certificate(folder, "broker", "authority")
    store = folder / "store.pem"
    store.write_text(key.read_text() + pem.read_text() + authority.read_text())
    client_pem, client_key = certificate(folder, "client", "authority")
    plain, sasl_ssl, mutual, controller = (free_port() for _ in range(4))
    properties = {
        "listeners": f"PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{sasl_ssl},"
        f"SSL://127.0.0.1:{mutual},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{sasl_ssl},"
        f"SSL://127.0.0.1:{mutual}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(store),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority),
        "listener.name.ssl.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": (
            f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:CN=client",
    }
    with LocalKafka(port=plain, properties=properties) as kafka:
        yield Secured(
            kafka.bootstrap,
            f"127.0.0.1:{sasl_ssl}",
            f"127.0.0.1:{mutual}",
            authority,
            client_pem,
            client_key,
        )
