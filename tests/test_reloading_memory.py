"""The model that ships, followed by a copy of itself again and again: nothing of the former ones is left."""

from __future__ import annotations

import gc
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.assembly import labeller as labelled
from consumer.model.folder import open_model
from consumer.model.manifest import hash_files, read_manifest
from tests.imports import ROOT
from tests.model.folders import seal
from tests.test_reloading import Consumer, settings
from training.ship.current import point

SWITCHES = 8
SETTLED = 3  # switches until the allocator has what it wants
TEXTS = ["a lovely morning, and then the train was late again"] * 64
LEAST_MB = 40.0  # of a model that would be left each time, there would be 5


def resident_mb() -> float:
    """What the process holds."""
    words = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return int(words["VmRSS"].split()[0]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc to read memory from")
def test_memory_does_not_grow_by_a_model_a_switch(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The former one's weights go when it is closed."""
    shipped = open_model(ROOT / "Models" / "CURRENT").path
    models = tmp_path / "Models"
    for name in ("one", "two"):
        shutil.copytree(shipped, models / name)
    (models / "two" / "README.md").write_text("another card")
    seal(models / "two", version="two")
    assert hash_files(models / "one") == read_manifest(shipped / "manifest.json").files
    point(models, "one")
    consumer = Consumer(settings(models))
    seen, both, seconds = [], [], []
    labeller = labelled(settings(models), consumer.model)
    del consumer.model
    for number in range(SWITCHES):
        point(models, ("two", "one")[number % 2])
        began = time.monotonic()
        following = consumer.adopt()
        seconds.append(time.monotonic() - began)
        both.append(resident_mb())
        labeller.scorer.close()
        labeller = following.labeller
        labeller.scorer.logits([t.ids for t in labeller.rules.tokeniser(TEXTS)])
        gc.collect()
        seen.append(resident_mb())
    grown = seen[-1] - seen[SETTLED - 1]
    record_property("MB resident after each switch of the model", [round(mb) for mb in seen])
    record_property("MB resident while both are there, at most", round(max(both)))
    record_property("seconds until another model is ready", [round(s, 2) for s in seconds])
    assert grown < LEAST_MB
