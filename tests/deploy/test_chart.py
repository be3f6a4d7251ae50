"""What the chart promises who installs it, and what it refuses before anything is applied."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from consumer import __version__
from consumer.settings import Settings
from deploy.observability.__main__ import ALERTING, DASHBOARD, RECORDING
from deploy.observability.alerts import ALERTS
from deploy.observability.objectives import JOB, RUNBOOKS_FROM_GRAFANA
from docs.chart import CHART
from tests.deploy.rendering import BROKERS, FULL, NAME, NEWEST, Rendered, lint, merged, refused, render
from tests.docs.fences import commands, fences
from tests.docs.programs import simple
from tests.imports import ROOT

PASSWORD = FULL["kafka"]["sasl"]["password"]
pytestmark = pytest.mark.needs_tool("helm")


@pytest.fixture
def least(tmp_path: Path) -> Rendered:
    """With brokers, and nothing else given."""
    return render(tmp_path)


@pytest.fixture
def full(tmp_path: Path) -> Rendered:
    """With everything turned on."""
    return render(tmp_path, FULL)


def environment(container: Mapping[str, Any]) -> dict[str, Any]:
    """A container's own variables, by name."""
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


def test_a_replica_has_a_name_that_outlives_its_pod(least: Rendered) -> None:
    """It is the member's name in the group: a pod that comes back in time takes its partitions up again."""
    assert environment(least.container)["KAFKA_GROUP_INSTANCE_ID"] == {
        "fieldRef": {"fieldPath": "metadata.name"}
    }
    assert least.one("StatefulSet")["spec"]["serviceName"] == least.one("Service")["metadata"]["name"]
    away = int(least.settings["KAFKA_SESSION_TIMEOUT_MS"])
    assert away > Settings.model_fields["kafka_session_timeout_ms"].default
    assert least.pod["terminationGracePeriodSeconds"] * 1000 <= away


def test_probes_ask_the_right_questions(least: Rendered) -> None:
    """Alive is whether to restart, ready is whether to count on it; a start has minutes, not three misses."""
    probes = {name: least.container[f"{name}Probe"] for name in ("startup", "liveness", "readiness")}
    paths = {name: probe["httpGet"]["path"] for name, probe in probes.items()}
    assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}
    (port,) = least.container["ports"]
    assert {probe["httpGet"]["port"] for probe in probes.values()} == {port["name"]}
    assert str(port["containerPort"]) == least.settings["HTTP_PORT"]
    assert probes["startup"]["failureThreshold"] * probes["startup"]["periodSeconds"] >= 120


def test_pods_have_no_rights(full: Rendered) -> None:
    """Each container of each pod: the restricted pod security standard, and a root that cannot be written."""
    pods = [full.pod, full.one("Pod")["spec"]]
    for pod in pods:
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
            written = {path for path, mount in mounts.items() if not mount.get("readOnly")}
            assert written - {"/more"} == {"/state", "/tmp"}  # noqa: S108 - where the image may write


def test_a_pod_is_promised_what_it_uses_and_scores_on_no_more(least: Rendered, tmp_path: Path) -> None:
    """Memory is bounded; cores are not held back, but only those promised are counted on."""
    resources = least.container["resources"]
    assert {*resources["requests"]} == {"cpu", "memory"}
    assert {*resources["limits"]} == {"memory"}
    streams = environment(least.container)["SCORER_STREAMS"]["resourceFieldRef"]
    assert streams == {"resource": "requests.cpu", "divisor": "1"}
    given = render(tmp_path, merged(BROKERS, {"settings": {"SCORER_STREAMS": 2}}))
    assert "SCORER_STREAMS" not in environment(given.container)
    assert given.settings["SCORER_STREAMS"] == "2"


def test_settings_reach_the_pods_as_they_were_meant(full: Rendered, tmp_path: Path) -> None:
    """As text, numbers without an exponent; and a change of them restarts the pods."""
    assert full.settings["LANGUAGES"] == "en,und"
    given = {"DRIFT_WINDOW_TWEETS": 1_000_000, "THRESHOLD": 0.55, "OUTPUT_INCLUDE_TEXT": False}
    changed = render(tmp_path, merged(FULL, {"settings": given}))
    assert [changed.settings[name] for name in given] == ["1000000", "0.55", "false"]
    sums = [
        one.one("StatefulSet")["spec"]["template"]["metadata"]["annotations"]["checksum/settings"]
        for one in (full, changed)
    ]
    assert sums[0] != sums[1]


def test_a_password_stands_in_its_secret_alone(full: Rendered) -> None:
    """It comes to the consumer as a file, and stands in no other resource."""
    secret = full.one("Secret")
    assert secret["stringData"]["password"] == PASSWORD
    rest = json.dumps([one for one in full.resources if one["kind"] != "Secret"])
    assert PASSWORD not in rest
    assert base64.b64encode(PASSWORD.encode()).decode() not in rest
    (mount,) = [one for one in full.container["volumeMounts"] if one["name"] == "sasl"]
    assert full.settings["KAFKA_SASL_PASSWORD_FILE"] == f"{mount['mountPath']}/password"
    (volume,) = [one for one in full.pod["volumes"] if one["name"] == "sasl"]
    assert volume["secret"]["secretName"] == secret["metadata"]["name"]


def test_a_secret_made_beforehand_is_used(tmp_path: Path) -> None:
    """And none is made."""
    rendered = render(tmp_path, merged(FULL, {"kafka": {"sasl": {"existingSecret": "beforehand"}}}))
    assert rendered.all("Secret") == []
    (volume,) = [one for one in rendered.pod["volumes"] if one["name"] == "sasl"]
    assert volume["secret"]["secretName"] == "beforehand"
    user = environment(rendered.container)["KAFKA_SASL_USERNAME"]["secretKeyRef"]
    assert user == {"name": "beforehand", "key": "username"}


def test_a_model_is_mounted_where_the_image_has_its_own(full: Rendered) -> None:
    """Read-only, under the name that is then in use."""
    (mount,) = [one for one in full.container["volumeMounts"] if one["name"] == "model"]
    assert mount == {"name": "model", "mountPath": "/app/Models/other", "readOnly": True}
    assert full.settings["MODEL_PATH"] == "Models/other"


@pytest.mark.parametrize(("asked", "partitions", "most"), [(40, 6, 6), (4, 6, 4), (40, 12, 12)])
def test_autoscaling_stops_at_the_partitions(tmp_path: Path, asked: int, partitions: int, most: int) -> None:
    """More replicas than partitions would be paid for and read nothing."""
    over = {"autoscaling": {"maxReplicas": asked}, "kafka": {"partitions": partitions}}
    scaled = render(tmp_path, merged(FULL, over)).one("ScaledObject")["spec"]
    assert scaled["maxReplicaCount"] == most
    (trigger,) = scaled["triggers"]
    assert trigger["metadata"]["allowIdleConsumers"] == "false"


def test_autoscaling_looks_at_the_lag_of_the_very_group(full: Rendered) -> None:
    """Same brokers, topic, group and credentials as the replicas; and nobody else sets their number."""
    scaled = full.one("ScaledObject")["spec"]
    assert scaled["scaleTargetRef"]["kind"] == "StatefulSet"
    assert scaled["scaleTargetRef"]["name"] == full.one("StatefulSet")["metadata"]["name"]
    assert "replicas" not in full.one("StatefulSet")["spec"]
    (trigger,) = scaled["triggers"]
    asked, settings = trigger["metadata"], full.settings
    assert trigger["type"] == "kafka"
    assert asked["bootstrapServers"] == settings["KAFKA_BOOTSTRAP_SERVERS"]
    assert asked["consumerGroup"] == settings["KAFKA_CONSUMER_GROUP"]
    assert asked["topic"] == settings["KAFKA_INPUT_TOPIC"]
    assert (asked["sasl"], asked["tls"]) == ("scram_sha512", "enable")
    assert trigger["authenticationRef"]["name"] == full.one("TriggerAuthentication")["metadata"]["name"]


def test_traffic_is_limited_to_what_is_needed(least: Rendered, full: Rendered) -> None:
    """Out to DNS and the brokers' ports, in to the HTTP port."""
    ports = [
        [port["port"] for port in rule["ports"]] for rule in least.one("NetworkPolicy")["spec"]["egress"]
    ]
    assert ports == [[53, 53], [9092, 9094]]
    spec = full.one("NetworkPolicy")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    brokers = spec["egress"][1]
    assert [port["port"] for port in brokers["ports"]] == [9092, 9094, 9096]
    assert brokers["to"] == FULL["networkPolicy"]["brokers"]
    (into,) = spec["ingress"]
    assert into["from"] == FULL["networkPolicy"]["from"]


def test_one_pod_is_away_at_a_time(least: Rendered) -> None:
    """The budget, the service and the policy are of the replicas, by labels that these have."""
    labels = least.one("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    budget = least.one("PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    for selector in (
        budget["selector"]["matchLabels"],
        least.one("Service")["spec"]["selector"],
        least.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
    stay = {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"}
    for selector in (budget["selector"], least.one("StatefulSet")["spec"]["selector"]):
        assert set(selector["matchLabels"]) == stay  # a version in it would change with every update


def test_prometheus_scrapes_it_as_the_job_that_alerts_look_at(full: Rendered) -> None:
    """Whatever the release is called."""
    monitor = full.one("ServiceMonitor")
    service = full.one("Service")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]
    assert {"action": "replace", "targetLabel": "job", "replacement": JOB} in endpoint["relabelings"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"


def test_rules_and_dashboard_are_the_generated_ones(full: Rendered) -> None:
    """All that fit replicas which come and go, word for word; the runbooks' address is the one given."""
    written = [
        group for path in (RECORDING, ALERTING) for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
    ]
    for group in written:
        group["rules"] = [rule for rule in group["rules"] if rule.get("alert") != "SentimentRestartLoop"]
    there = json.dumps(written).replace("{{ $externalURL }}/user/runbooks/", "https://git.example/runbooks/")
    assert full.one("PrometheusRule")["spec"]["groups"] == json.loads(there)
    assert "https://git.example/runbooks/SentimentDrift.md" in there
    (dashboard,) = [one for one in full.all("ConfigMap") if one["metadata"]["name"] != NAME]
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    shown = DASHBOARD.read_text("utf-8").replace(RUNBOOKS_FROM_GRAFANA, "https://git.example/runbooks")
    assert json.loads(dashboard["data"]["tweet-sentiment.json"]) == json.loads(shown)
    assert "https://git.example/runbooks" in shown


EXTERNAL = {"monitoring": {"prometheus": {"externalUrl": "https://prometheus.example/"}}}


def test_runbooks_are_at_the_prometheus_of_the_cluster(tmp_path: Path) -> None:
    """Alerts and dashboard lead to the address that was given, and none to the machine compose runs on."""
    monitoring = {"dashboard": {"enabled": True}, "rules": {"enabled": True}}
    rendered = render(tmp_path, merged(BROKERS, merged(EXTERNAL, {"monitoring": monitoring})))
    at = "https://prometheus.example/user/runbooks"
    rules = [rule for group in rendered.one("PrometheusRule")["spec"]["groups"] for rule in group["rules"]]
    urls = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in rules if "alert" in rule}
    assert urls == {name: f"{at}/{name}.md" for name in urls}
    assert urls
    (dashboard,) = [one for one in rendered.all("ConfigMap") if one["metadata"]["name"] != NAME]
    variables = json.loads(dashboard["data"]["tweet-sentiment.json"])["templating"]["list"]
    (runbooks,) = [one for one in variables if one["name"] == "runbooks"]
    assert runbooks["query"] == at
    assert "localhost" not in json.dumps(rendered.resources)


def test_without_an_address_alerts_ask_prometheus_for_its_own(tmp_path: Path) -> None:
    """It fills in its --web.external-url when it fires one."""
    rendered = render(tmp_path, merged(BROKERS, {"monitoring": {"rules": {"enabled": True}}}))
    assert "'runbook_url': '{{ $externalURL }}/user/runbooks/SentimentDrift.md'" in str(rendered.resources)


def test_two_releases_can_be_two_jobs(tmp_path: Path) -> None:
    """What is scraped as a job and what the rules look at is one name; a replica goes by its pod's."""
    monitoring = {"job": "other", "rules": {"enabled": True}, "serviceMonitor": {"enabled": True}}
    rendered = render(tmp_path, merged(BROKERS, {"monitoring": monitoring}))
    rules = json.dumps(rendered.one("PrometheusRule")["spec"])
    assert 'job=\\"other\\"' in rules
    assert JOB not in rules
    (endpoint,) = rendered.one("ServiceMonitor")["spec"]["endpoints"]
    relabelled = {one["targetLabel"]: one for one in endpoint["relabelings"]}
    assert relabelled["job"]["replacement"] == "other"
    assert relabelled["instance"]["sourceLabels"] == ["__meta_kubernetes_pod_name"]


@pytest.mark.parametrize("scaled", [True, False])
def test_replicas_that_come_and_go_are_no_restarts(tmp_path: Path, *, scaled: bool) -> None:
    """A pod's name is the instance: with KEDA the alert would count pods; all the others stay."""
    values = {"monitoring": {"rules": {"enabled": True}}, "autoscaling": {"enabled": scaled}}
    rendered = render(tmp_path, merged(BROKERS, values))
    rules = [rule for group in rendered.one("PrometheusRule")["spec"]["groups"] for rule in group["rules"]]
    wanted = {alert.name for alert in ALERTS} - ({"SentimentRestartLoop"} if scaled else set())
    assert {rule["alert"] for rule in rules if "alert" in rule} == wanted


@pytest.mark.parametrize(
    ("autoscaling", "called"),
    [
        ({"enabled": True, "minReplicas": 0}, False),
        ({"enabled": True, "minReplicas": 1}, True),
        ({"enabled": False, "minReplicas": 0}, True),
    ],
    ids=["may sleep", "one stays", "without KEDA"],
)
def test_nobody_is_called_because_it_sleeps(
    tmp_path: Path, autoscaling: Mapping[str, Any], *, called: bool
) -> None:
    """Where it may scale to none, none is no alarm; one that does not answer is, in either case."""
    monitoring = {"job": "other", "rules": {"enabled": True}}
    rendered = render(tmp_path, merged(BROKERS, {"monitoring": monitoring, "autoscaling": autoscaling}))
    rules = [rule for group in rendered.one("PrometheusRule")["spec"]["groups"] for rule in group["rules"]]
    (down,) = [rule["expr"] for rule in rules if rule.get("alert") == "SentimentConsumerDown"]
    assert down.startswith('(up{job="other"}) < 1')
    assert ("absent" in down) is called
    assert ("absent(" in json.dumps(rules)) is called


def documented() -> list[list[str]]:
    """The words after `helm upgrade --install` of each such command in deploy.md: release, chart, flags."""
    lines = [line for fence in fences(ROOT / "docs" / "deploy.md") for line in commands(fence)]
    found = [words for line in lines for words in simple(line) if words[0] == "helm"]
    return [words[3:] for words in found if words[1:3] == ["upgrade", "--install"]]


def test_what_the_page_installs_is_rendered() -> None:
    """The very words, quotes and all: brokers, protocol and Secret come to the pods as they stand there."""
    (words,) = documented()
    done = subprocess.run(
        ["helm", "template", *words, "--kube-version", NEWEST],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rendered = Rendered([resource for resource in yaml.safe_load_all(done.stdout) if resource])
    (config,) = rendered.all("ConfigMap")
    settings = config["data"]
    assert settings["KAFKA_BOOTSTRAP_SERVERS"] == "kafka-0.kafka:9093,kafka-1.kafka:9093"
    assert (settings["KAFKA_SECURITY_PROTOCOL"], settings["KAFKA_SASL_MECHANISM"]) == (
        "SASL_SSL",
        "SCRAM-SHA-512",
    )
    (volume,) = [one for one in rendered.pod["volumes"] if one["name"] == "sasl"]
    assert volume["secret"]["secretName"] == "kafka-sasl"
    assert rendered.container["image"] == f"registry.example.com/tweet-sentiment:{__version__}"


def test_chart_and_product_have_one_version() -> None:
    """The image that is taken by default is the one this chart was tested with."""
    about = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert about["appVersion"] == __version__


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"kafka": {"bootstrapServers": ""}}, "kafka.bootstrapServers must be given"),
        ({"kafka": {"bootstrapServers": "kafka"}}, "should be host:port"),
        ({"replicas": 7}, "above kafka.partitions, 6"),
        ({"kafka": {"securityProtocol": "SASL_SSL"}}, "kafka.sasl.mechanism must be given"),
        (
            {"kafka": {"securityProtocol": "SASL_SSL", "sasl": {"mechanism": "PLAIN", "username": "a"}}},
            "existingSecret, or username and password",
        ),
        ({"kafka": {"tls": {"clientCertificate": True}}}, "kafka.tls.existingSecret must be given"),
        ({"model": {"existingClaim": "models"}}, "model.name must be given"),
        ({"autoscaling": {"enabled": True, "minReplicas": 9, "maxReplicas": 9}}, "minReplicas is 9, above 6"),
        ({"kafka": {"sasl": {"mechanism": "PLAIN"}}}, "with PLAINTEXT no password is used"),
        ({"kafka": {"tls": {"existingSecret": "tls"}}}, "with PLAINTEXT nothing is encrypted"),
        ({"monitoring": {"dashboard": {"enabled": True}}}, "monitoring.prometheus.externalUrl, or"),
        ({"model": {"name": "a"}, "settings": {"MODEL_PATH": "Models/b"}}, "name the model twice"),
        ({"settings": {"MAX_BATCH_WAIT": 5}}, "MAX_BATCH_WAIT"),
        ({"settings": {"KAFKA_SASL_PASSWORD": "x"}}, "KAFKA_SASL_PASSWORD"),
        ({"settings": {"KAFKA_TRANSACTIONAL_ID": "x"}}, "KAFKA_TRANSACTIONAL_ID"),
        ({"autoscaling": {"maxReplicas": 0}}, "maxReplicas"),
        ({"podLabels": {"year": 2024}}, "year"),
        ({"podAnnotations": {"note": True}}, "note"),
        ({"nodeSelector": {"rack": 7}}, "rack"),
        ({"monitoring": {"rules": {"labels": {"release": 1}}}}, "release"),
        ({"monitoring": {"serviceMonitor": {"labels": {"release": 1}}}}, "release"),
        ({"monitoring": {"dashboard": {"label": ""}}}, "label"),
        ({"replica": 2}, "replica"),
        ({"replicas": "two"}, "replicas"),
        ({"kafka": {"securityProtocol": "TLS"}}, "securityProtocol"),
        ({"kafka": {"topics": {"input": "a topic"}}}, "topics/input"),
        ({"image": {"digest": "sha256:12"}}, "digest"),
        ({"state": {"size": "1 GB"}}, "size"),
        ({"monitoring": {"serviceMonitor": {"interval": "often"}}}, "interval"),
        ({"monitoring": {"prometheus": {"externalUrl": "prometheus.example"}}}, "externalUrl"),
        ({"monitoring": {"rules": {"runbooks": "https://it's"}}}, "runbooks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_work_is_refused(tmp_path: Path, over: Mapping[str, Any], words: str) -> None:
    """With the value's name, before anything is applied."""
    assert words in refused(tmp_path, merged(BROKERS, over))


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"replica": 2}, "replica"),
        ({"replicas": "two"}, "replicas"),
        ({"settings": {"MAX_BATCH_WAIT": 5}}, "MAX_BATCH_WAIT"),
        ({"kafka": {"partitions": 0}}, "partitions"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_value_is_found_by_lint(tmp_path: Path, over: Mapping[str, Any], words: str) -> None:
    """By the chart's schema, before anybody asks for a template."""
    assert lint(tmp_path, BROKERS).returncode == 0
    done = lint(tmp_path, merged(BROKERS, over))
    assert done.returncode != 0
    assert words in done.stdout + done.stderr
