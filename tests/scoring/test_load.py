"""Choosing a back end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from consumer.errors import ModelRefusedError
from consumer.model.folder import ModelFolder
from consumer.scoring.load import load_scorer


@pytest.mark.tensorflow
def test_default_back_end_leaves_tensorflow_alone(tiny: ModelFolder) -> None:
    """Scoring with OpenVINO imports neither TensorFlow nor transformers nor PyTorch."""
    program = (
        "import sys, pathlib\n"
        "from consumer.model.folder import open_model\n"
        "from consumer.model.golden import check_golden\n"
        "from consumer.scoring.load import load_scorer\n"
        "from consumer.tokenise import Tokeniser\n"
        "m = open_model(pathlib.Path(sys.argv[1]))\n"
        "s = load_scorer(m.path, 'openvino')\n"
        "check_golden(m, Tokeniser(m.tokeniser_path, m.max_length), s)\n"
        "print(sorted({'tensorflow', 'tf_keras', 'transformers', 'torch', 'nncf'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tiny.path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_folder_without_openvino_model_says_what_to_do(tmp_path: Path) -> None:
    """A folder that was never exported is refused with the setting and the command that help."""
    with pytest.raises(ModelRefusedError, match=r"model\.xml is missing.*SCORER=tensorflow.*export"):
        load_scorer(tmp_path, "openvino")


def test_model_that_does_not_compile_is_refused(tmp_path: Path) -> None:
    """What OpenVINO cannot read is a refused model, not a traceback."""
    (tmp_path / "openvino").mkdir()
    (tmp_path / "openvino" / "model.xml").write_text("<net/>")
    (tmp_path / "openvino" / "model.bin").write_bytes(b"")
    with pytest.raises(ModelRefusedError, match="OpenVINO cannot compile it"):
        load_scorer(tmp_path, "openvino")
