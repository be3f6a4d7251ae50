"""The chart as Helm renders it, with values of a test's own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from docs.chart import CHART

RELEASE = "prod"
NAME = "prod-tweet-sentiment"
# For a cluster of this version: no cluster is asked, and a Helm built from source assumes an old one.
NEWEST = "1.35"
BROKERS: Mapping[str, Any] = {"kafka": {"bootstrapServers": "kafka-0:9092, kafka-1:9094"}}
# Everything that can be turned on, at once: each template with each of its branches.
FULL: Mapping[str, Any] = {
    "replicas": 3,
    "image": {"digest": "sha256:" + "0" * 64, "pullSecrets": [{"name": "registry"}]},
    "kafka": {
        **BROKERS["kafka"],
        "securityProtocol": "SASL_SSL",
        "sasl": {"mechanism": "SCRAM-SHA-512", "username": "sentiment", "password": "open sesame"},
        "tls": {"existingSecret": "kafka-tls", "clientCertificate": True},
        "topics": {"create": True},
    },
    "settings": {"MAX_BATCH_WAIT_MS": 50, "LANGUAGES": "en,und"},
    "model": {"name": "other", "existingClaim": "models"},
    "state": {"persistent": True, "storageClass": "fast"},
    "networkPolicy": {
        "brokerPorts": [9096],
        "brokers": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
        "from": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
        "extraEgress": [{"ports": [{"protocol": "TCP", "port": 443}]}],
    },
    "monitoring": {
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "rules": {
            "enabled": True,
            "labels": {"release": "prometheus"},
            "runbooks": "https://git.example/runbooks/",
        },
        "dashboard": {"enabled": True, "folder": "Streams"},
    },
    "autoscaling": {"enabled": True, "maxReplicas": 40},
    "podLabels": {"team": "streams"},
    "podAnnotations": {"note": "none"},
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "cpu", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}
    ],
    "priorityClassName": "streams",
    "extraVolumes": [{"name": "more", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
    "extraEnv": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "token"}}}],
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """What would be applied."""

    resources: Sequence[dict[str, Any]] = field(repr=False)

    def one(self, kind: str) -> dict[str, Any]:
        """The only resource of that kind."""
        (found,) = self.all(kind)
        return found

    def all(self, kind: str) -> list[dict[str, Any]]:
        """All of that kind."""
        return [resource for resource in self.resources if resource["kind"] == kind]

    @property
    def pod(self) -> dict[str, Any]:
        """The specification of a replica."""
        found: dict[str, Any] = self.one("StatefulSet")["spec"]["template"]["spec"]
        return found

    @property
    def container(self) -> dict[str, Any]:
        """The consumer in it."""
        (found,) = self.pod["containers"]
        assert isinstance(found, dict)
        return found

    @property
    def settings(self) -> dict[str, str]:
        """What the ConfigMap gives every pod."""
        (found,) = [one["data"] for one in self.all("ConfigMap") if one["metadata"]["name"] == NAME]
        assert isinstance(found, dict)
        return found


def helm(folder: Path, values: Mapping[str, Any], *words: str) -> subprocess.CompletedProcess[str]:
    """A command of Helm's on these values, given as a file as an operator does."""
    path = folder / "values.json"  # JSON is YAML
    path.write_text(json.dumps(values), "utf-8")
    return subprocess.run(
        ["helm", *words, str(CHART), "--kube-version", NEWEST, "--values", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )


def lint(folder: Path, values: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """`helm lint`: values and chart judged, nothing rendered for a cluster."""
    return helm(folder, values, "lint", "--strict")


def render(
    folder: Path, values: Mapping[str, Any] = BROKERS, *flags: str, release: str = RELEASE
) -> Rendered:
    """The resources, with flags of Helm's own; its words where it refuses."""
    done = helm(folder, values, "template", release, *flags)
    assert done.returncode == 0, done.stderr
    return Rendered([resource for resource in yaml.safe_load_all(done.stdout) if resource])


def refused(folder: Path, values: Mapping[str, Any]) -> str:
    """Why nothing is rendered."""
    done = helm(folder, values, "template", RELEASE)
    assert done.returncode != 0, done.stdout
    return done.stderr


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Values over values, group by group."""
    both = {
        name: merged(under[name], value)
        for name, value in over.items()
        if isinstance(value, dict) and isinstance(under.get(name), dict)
    }
    return {**under, **over, **both}
