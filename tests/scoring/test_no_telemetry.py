"""Nothing is told to the makers of a library, and nothing is written outside STATE_DIR."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.imports import ROOT

LOADS = ["consumer.scoring.openvino", pytest.param("training.ship.convert", marks=pytest.mark.tensorflow)]


@pytest.mark.parametrize("module", LOADS)
def test_openvino_tells_nobody(tmp_path: Path, module: str) -> None:
    """Its telemetry is not loaded, and its file does not appear in the home folder."""
    code = (
        f"import {module}, sys; from openvino.tools.ovc import telemetry_utils; "
        "print(telemetry_utils.tm.__name__, sys.modules.get('openvino_telemetry.main'))"
    )
    # In what calls itself CI it would be silent by itself.
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**environment, "HOME": str(tmp_path), "TF_USE_LEGACY_KERAS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-2:] == ["openvino.tools.ovc.telemetry_stub", "None"]
    assert list(tmp_path.glob("intel*")) == []
