"""What the chart renders, held to the schemas of those who would take it: no cluster is asked."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject, TriggerAuthentication
from cloudcoil.models.prometheus_operator.v1 import PrometheusRule, ServiceMonitor
from pydantic import BaseModel, ValidationError

from docs.chart import CHART
from tests.deploy.rendering import BROKERS, FULL, NEWEST, Rendered, lint, merged, render

OLDEST = "1.27"
SCHEMAS = Path(kubernetes_validate.__file__).with_name("kubernetes-json-schema")
ADDRESS = re.compile(r',\s*"\$id": "[^"]*"')
# Not Kubernetes' own: the types are made of the definitions that these bring along themselves.
CUSTOM: Mapping[str, type[BaseModel]] = {
    "ServiceMonitor": ServiceMonitor,
    "PrometheusRule": PrometheusRule,
    "ScaledObject": ScaledObject,
    "TriggerAuthentication": TriggerAuthentication,
}
# Every text that can be given, as YAML would read something else: a number, a truth, a time of day.
MISREAD: Mapping[str, Any] = merged(
    FULL,
    {
        "image": {"repository": "12", "tag": "30", "digest": "", "pullSecrets": [{"name": "1"}]},
        "kafka": {
            "group": "2",
            "topics": {"input": "3", "output": "4", "deadLetters": "5"},
            "sasl": {"username": "6", "password": "7", "existingSecret": "8"},
            "tls": {"existingSecret": "9"},
        },
        "settings": {"LANGUAGES": "no"},
        "model": {"name": "1e3", "existingClaim": "0x10"},
        "state": {"size": "1", "storageClass": "true"},
        "serviceAccount": {"name": "2.5"},
        "monitoring": {
            "job": "2024",
            "serviceMonitor": {"labels": {"release": "1"}},
            "rules": {"labels": {"release": "1"}},
            "dashboard": {"label": "null", "folder": "1"},
        },
        "podLabels": {"team": "1"},
        "podAnnotations": {"note": "true"},
        "nodeSelector": {"zone": "1"},
        "priorityClassName": "1",
    },
)
VARIANTS = {
    "least": BROKERS,
    "full": FULL,
    "secrets made beforehand": merged(FULL, {"kafka": {"sasl": {"existingSecret": "kafka-sasl"}}}),
    "replicas given": merged(FULL, {"autoscaling": {"enabled": False}}),
    "texts that look like something else": MISREAD,
    "with a password of its own": merged(MISREAD, {"kafka": {"sasl": {"existingSecret": ""}}}),
}
pytestmark = pytest.mark.needs_tool("helm")


@pytest.fixture(params=VARIANTS)
def rendered(request: pytest.FixtureRequest, tmp_path: Path) -> Rendered:
    """The chart by several sets of values."""
    return render(tmp_path, VARIANTS[request.param])


def _strictly(resource: dict[str, Any]) -> None:
    """Raise ValidationError where a field of a custom resource is unknown, or of another type."""
    CUSTOM[resource["kind"]].model_validate_json(json.dumps(resource), strict=True, extra="forbid")


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_own_resources_are_valid(rendered: Rendered, version: str) -> None:
    """By the API's schemas, from the oldest version the chart admits on; an unknown field is a fault."""
    own = [resource for resource in rendered.resources if resource["kind"] not in CUSTOM]
    assert {"StatefulSet", "Service", "ConfigMap", "PodDisruptionBudget"} <= {one["kind"] for one in own}
    for resource in own:
        kubernetes_validate.validate(resource, version, strict=True)


def test_the_oldest_version_is_the_charts_own() -> None:
    """What is validated against is what Helm admits."""
    assert yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))["kubeVersion"] == f">={OLDEST}.0-0"


def test_custom_resources_are_valid(rendered: Rendered) -> None:
    """By the definitions of the Prometheus operator and of KEDA; an unknown field is a fault."""
    for resource in rendered.resources:
        if resource["kind"] in CUSTOM:
            _strictly(resource)


def test_a_release_may_be_called_by_a_number(tmp_path: Path) -> None:
    """Its name is a label of everything, and a part of every other name."""
    for resource in render(tmp_path, MISREAD, release="2024").resources:
        assert resource["metadata"]["labels"]["app.kubernetes.io/instance"] == "2024"


def test_everything_is_rendered_by_the_full_values(tmp_path: Path) -> None:
    """So that nothing escapes the two above."""
    kinds = {resource["kind"] for resource in render(tmp_path, FULL).resources}
    own = "StatefulSet Service ConfigMap Secret ServiceAccount PodDisruptionBudget NetworkPolicy Pod"
    assert kinds == {*own.split(), *CUSTOM}


def test_a_fault_is_found(tmp_path: Path) -> None:
    """The two validators are strict where it matters: a misspelt field, and a number where text belongs."""
    rendered = render(tmp_path, FULL)
    budget = rendered.one("PodDisruptionBudget")
    budget["spec"]["maxUnavailabel"] = 1
    with pytest.raises(kubernetes_validate.ValidationError, match="maxUnavailabel"):
        kubernetes_validate.validate(budget, NEWEST, strict=True)
    scaled = rendered.one("ScaledObject")
    scaled["spec"]["polingInterval"] = 1
    with pytest.raises(ValidationError, match="polingInterval"):
        _strictly(scaled)
    del scaled["spec"]["polingInterval"]
    scaled["spec"]["triggers"][0]["metadata"]["lagThreshold"] = 5
    with pytest.raises(ValidationError, match="lagThreshold"):
        _strictly(scaled)


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The API's schemas for a reader of files: a reference leads to the file beside, not to an address."""
    folder = tmp_path_factory.mktemp("schemas")
    for path in (SCHEMAS / f"v{NEWEST}.0-local-strict").glob("*.json"):
        text = path.read_text("utf-8").replace("/api/_definitions.json", "_definitions.json")
        (folder / path.name).write_text(ADDRESS.sub("", text), "utf-8")
    return folder


@pytest.mark.needs_tool("kubeconform")
def test_another_validator_agrees(rendered: Rendered, schemas: Path) -> None:
    """kubeconform, on the same schemas; the custom resources, of which it has none, it is told to skip."""
    done = subprocess.run(
        [
            *("kubeconform", "-strict", "-summary", "-skip", ",".join(CUSTOM)),
            *("-schema-location", f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"),
        ],
        input=yaml.safe_dump_all(rendered.resources),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Invalid: 0, Errors: 0" in done.stdout


def test_helm_itself_finds_nothing(tmp_path: Path) -> None:
    """`helm lint --strict`."""
    done = lint(tmp_path, FULL)
    assert done.returncode == 0, done.stdout + done.stderr
