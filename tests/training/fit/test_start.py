"""Every start that can be trained from gives the same model; every other is refused in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from consumer.errors import ModelRefusedError
from consumer.tokenise import fingerprint
from tests.models.tiny import tiny_checkpoint
from training.fit.start import Source, build_classifier, expected_shapes, find_start
from training.measure.opened import open_any
from training.ship.source import bring

pytestmark = pytest.mark.tensorflow
_BERT = {
    "attention/q_lin": "attention.self.query",
    "attention/k_lin": "attention.self.key",
    "attention/v_lin": "attention.self.value",
    "attention/out_lin": "attention.output.dense",
    "sa_layer_norm": "attention.output.LayerNorm",
    "ffn/lin1": "intermediate.dense",
    "ffn/lin2": "output.dense",
    "output_layer_norm": "output.LayerNorm",
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as ``train`` writes it. Not to be changed."""
    return tiny_checkpoint(tmp_path_factory.mktemp("start") / "checkpoint")


@pytest.fixture(scope="module")
def classifier(checkpoint: Path) -> Any:
    """The Keras model of it."""
    return build_classifier(find_start(Source(str(checkpoint))), seed=1)


@pytest.fixture
def copy(checkpoint: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(checkpoint, tmp_path / "copy"))


def encoder_weights(folder: Path) -> dict[str, np.ndarray]:
    """Those of the encoder, as they are on disk."""
    raw = load_file(folder / "model.safetensors")
    return {n.removesuffix(":0"): v.astype(np.float32) for n, v in raw.items() if n.startswith("distilbert")}


def same_encoder(folder: Path, start: str, **more: Any) -> None:
    """The start at ``start`` brings the encoder of ``folder``."""
    found = find_start(Source(start, **more))
    for name, value in encoder_weights(folder).items():
        np.testing.assert_array_equal(found.weights[name], value, err_msg=name)


def torch_names(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same weights as PyTorch's DistilBERT calls and lays them."""
    found = {}
    for name, value in weights.items():
        stem, _, kind = name.rpartition("/")
        kind = {"kernel": "weight", "gamma": "weight", "beta": "bias", "embeddings": "weight"}.get(kind, kind)
        flat = stem.replace("layer_._", "layer.").replace("/", ".")
        found[f"{flat}.{kind}"] = np.ascontiguousarray(value.T if name.endswith("kernel") else value)
    return found


def bert_names(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same weights as PyTorch's BERT calls them; token types are in its positions no more than here."""
    found = {}
    for name, value in torch_names(weights).items():
        new = name.removeprefix("distilbert.").replace("transformer.layer", "encoder.layer")
        for ours, theirs in _BERT.items():
            new = new.replace(f".{ours.replace('/', '.')}.", f".{theirs}.") if "encoder" in new else new
        found[new] = value
    dim = weights["distilbert/embeddings/LayerNorm/gamma"].shape[0]
    found["embeddings.token_type_embeddings.weight"] = np.zeros((2, dim), np.float32)
    return found


def bert_config(config: dict[str, Any]) -> dict[str, Any]:
    """A BERT's configuration of the same shape."""
    return {
        "model_type": "bert", "hidden_act": "gelu", "vocab_size": config["vocab_size"],
        "max_position_embeddings": config["max_position_embeddings"], "hidden_size": config["dim"],
        "num_hidden_layers": config["n_layers"], "num_attention_heads": config["n_heads"],
        "intermediate_size": config["hidden_dim"],
    }  # fmt: skip


def test_a_checkpoint_brings_encoder_and_head(checkpoint: Path, classifier: Any) -> None:
    """All of it, so that training goes on from what was learnt."""
    saved = load_file(checkpoint / "model.safetensors")
    for variable in classifier.weights:
        name = variable.name.split("/", 1)[1]
        np.testing.assert_array_equal(variable.numpy(), saved[name].astype(np.float32), err_msg=name)


def test_the_shapes_asked_for_are_those_of_the_model(classifier: Any) -> None:
    """A weight that is looked for nowhere would stay random without a word."""
    shapes = {v.name.split("/", 1)[1].removesuffix(":0"): tuple(v.shape) for v in classifier.weights}
    assert expected_shapes(classifier.config) == {
        n: s for n, s in shapes.items() if n.startswith("distilbert")
    }


def test_what_the_original_project_saved(checkpoint: Path, classifier: Any, tmp_path: Path) -> None:
    """``config.json`` and ``tf_model.h5``, with a tokeniser from elsewhere."""
    classifier.save_pretrained(tmp_path / "original")
    same_encoder(checkpoint, str(tmp_path / "original"), tokeniser=checkpoint)


@pytest.mark.parametrize("with_config", [True, False])
def test_bare_weights(checkpoint: Path, classifier: Any, tmp_path: Path, with_config: bool) -> None:  # noqa: FBT001 - a case
    """``chunk_model1.h5`` as Keras' save_weights writes it; without a configuration its shape is read off."""
    path = tmp_path / "chunk_model1.h5"
    classifier.save_weights(path)
    config = checkpoint / "config.json" if with_config else None
    same_encoder(checkpoint, str(path), tokeniser=checkpoint, config=config)
    assert find_start(Source(str(path), config, checkpoint)).config.n_layers == classifier.config.n_layers
    assert "classifier/kernel" in find_start(Source(str(path), config, checkpoint)).weights


@pytest.mark.parametrize("names", [torch_names, bert_names])
@pytest.mark.parametrize("width", [np.float32, np.float16, ml_dtypes.bfloat16])
def test_pytorch_files_of_any_width(
    copy: Path, checkpoint: Path, names: Callable[..., dict[str, np.ndarray]], width: Any
) -> None:
    """DistilBERT's and BERT's, whose names and layouts differ, in float32, float16 or bfloat16."""
    weights = names(encoder_weights(copy))
    save_file({n: v.astype(width) for n, v in weights.items()}, copy / "model.safetensors")
    if names is bert_names:
        config = json.loads((copy / "config.json").read_text())
        (copy / "config.json").write_text(json.dumps(bert_config(config)))
    found = find_start(Source(str(copy))).weights
    for name, value in encoder_weights(checkpoint).items():
        np.testing.assert_array_equal(found[name], value.astype(width).astype(np.float32), err_msg=name)


def test_token_type_0_of_a_bert_moves_into_its_positions(copy: Path) -> None:
    """DistilBERT has none, and every text's type is 0."""
    plain = encoder_weights(copy)
    weights = bert_names(plain)
    weights["embeddings.token_type_embeddings.weight"][0] = 0.5
    save_file(weights, copy / "model.safetensors")
    (copy / "config.json").write_text(json.dumps(bert_config(json.loads((copy / "config.json").read_text()))))
    name = "distilbert/embeddings/position_embeddings/embeddings"
    np.testing.assert_array_equal(find_start(Source(str(copy))).weights[name], plain[name] + 0.5)


def test_a_model_in_use_is_found_by_its_pointer(copy: Path) -> None:
    """``--from Models/CURRENT``."""
    (copy.parent / "CURRENT").write_text("copy\n")
    assert find_start(Source(str(copy.parent / "CURRENT"))).name == "copy"


def test_random_weights_follow_from_the_seed(checkpoint: Path) -> None:
    """The same seed, the same start; another seed, another."""
    start = find_start(Source("random", checkpoint / "config.json", checkpoint))
    one, again, other = (build_classifier(start, seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[0], other[0])


def test_dropout_can_be_said_otherwise(checkpoint: Path) -> None:
    """And the checkpoint will say it in its configuration."""
    settings = {"dropout": 0.25, "attention_dropout": 0.25}
    config = find_start(Source(str(checkpoint), settings=settings)).config
    assert (config.dropout, config.attention_dropout, config.num_labels) == (0.25, 0.25, 1)


def cut_short(folder: Path) -> None:
    """Half of the weights."""
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def without_a_layer(folder: Path) -> None:
    """Weights of one layer only."""
    weights = load_file(folder / "model.safetensors")
    save_file({n: v for n, v in weights.items() if "layer_._1" not in n}, folder / "model.safetensors")


def not_numbers(folder: Path) -> None:
    """A weight that diverged."""
    weights = load_file(folder / "model.safetensors")
    weights["classifier/bias:0"][:] = np.nan
    save_file(weights, folder / "model.safetensors")


def wider(folder: Path) -> None:
    """A configuration of another width."""
    change(folder / "config.json", dim=64)


def of_another_kind(folder: Path) -> None:
    """An encoder that is no BERT."""
    change(folder / "config.json", model_type="gpt2")


def with_other_pieces(folder: Path) -> None:
    """A tokeniser of one piece more."""
    content = json.loads((folder / "tokenizer.json").read_text())
    content["model"]["vocab"]["one_more"] = len(content["model"]["vocab"])
    (folder / "tokenizer.json").write_text(json.dumps(content))


def without_weights(folder: Path) -> None:
    """Nothing to start from."""
    (folder / "model.safetensors").unlink()


def without_tokeniser(folder: Path) -> None:
    """No pieces."""
    (folder / "tokenizer.json").unlink()


def an_empty_h5(folder: Path) -> None:
    """A file of weights that holds none."""
    (folder / "model.safetensors").unlink()
    h5py.File(folder / "tf_model.h5", "w").close()


def change(path: Path, **values: object) -> None:
    """Other values in a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (cut_short, r"model\.safetensors: damaged"),
        (without_a_layer, "lacks distilbert/transformer/layer_._1/"),
        (not_numbers, "classifier/bias holds numbers that are none"),
        (wider, r"word_embeddings/weight is \(\d+, 32\), the configuration says \(\d+, 64\)"),
        (of_another_kind, "a gpt2 encoder does not fit"),
        (with_other_pieces, r"tokenizer\.json: \d+ word pieces, the model was made for \d+"),
        (without_weights, "neither model.safetensors nor tf_model.h5"),
        (without_tokeniser, "has no tokenizer.json: name a folder that has, with --tokeniser"),
        (an_empty_h5, "holds no weights"),
    ],
)
def test_a_start_that_does_not_fit_is_refused(copy: Path, harm: Callable[[Path], None], named: str) -> None:
    """By a line that names the file and the fault, before anything is trained."""
    harm(copy)
    with pytest.raises(ModelRefusedError, match=named) as caught:
        find_start(Source(str(copy)))
    assert "\n" not in str(caught.value)


def told_of(folder: Path, part: str | None = None) -> None:
    """Write down which tokeniser the weights were trained with: the one that is there now."""
    told: dict[str, Any] = {"tokeniser_fingerprint": fingerprint(folder / "tokenizer.json")}
    content = {part: told, "tokeniser_fingerprint": "of an earlier one"} if part else told
    (folder / "training-config.json").write_text(json.dumps(content))


def swap_a_piece(folder: Path) -> None:
    """Another word piece in the place of one: as many as before."""
    text = (folder / "tokenizer.json").read_text().replace('"hate"', '"hare"')
    (folder / "tokenizer.json").write_text(text)


@pytest.mark.parametrize("part", [None, "masked_language", "trimmed"])
def test_another_tokeniser_of_the_same_size_is_refused(copy: Path, part: str | None) -> None:
    """By its fingerprint, whichever command wrote it down; the tokeniser that was trained with passes."""
    told_of(copy, part)
    find_start(Source(str(copy)))
    open_any(copy)
    swap_a_piece(copy)
    for read in (lambda: find_start(Source(str(copy))), lambda: open_any(copy), lambda: bring(copy, copy)):
        with pytest.raises(
            ModelRefusedError, match=r"tokenizer\.json: fingerprint \w+, .* were trained with \w+$"
        ):
            read()


def test_a_tokeniser_from_elsewhere_is_held_to_it_too(copy: Path, tmp_path: Path) -> None:
    """``--tokeniser`` beside a checkpoint; where nobody wrote down which it was, the size alone is known."""
    other = Path(shutil.copytree(copy, tmp_path / "other"))
    swap_a_piece(other)
    find_start(Source(str(copy), tokeniser=other))
    told_of(copy)
    with pytest.raises(ModelRefusedError, match=r"other/tokenizer\.json: fingerprint"):
        find_start(Source(str(copy), tokeniser=other))


def test_random_needs_a_tokeniser() -> None:
    """It brings none."""
    with pytest.raises(ModelRefusedError, match="needs --tokeniser"):
        find_start(Source("random"))


def test_some_layers_are_kept_in_the_order_asked_for(checkpoint: Path) -> None:
    """Layer 1 alone, then both the other way round; the rest of the encoder and the head stay."""
    whole = find_start(Source(str(checkpoint))).weights
    layer = "distilbert/transformer/layer_._"
    alone = find_start(Source(str(checkpoint), layers=(1,)))
    assert alone.config.n_layers == 1
    assert set(alone.weights) == {name for name in whole if not name.startswith(f"{layer}1")}
    turned = find_start(Source(str(checkpoint), layers=(1, 0))).weights
    for name, value in alone.weights.items():
        source = name.replace(f"{layer}0", f"{layer}1")
        np.testing.assert_array_equal(value, whole[source], err_msg=name)
        np.testing.assert_array_equal(turned[name], whole[source], err_msg=name)
        np.testing.assert_array_equal(turned[source], whole[name], err_msg=name)


def test_a_layer_that_is_not_there_is_refused(checkpoint: Path) -> None:
    """By its number."""
    with pytest.raises(ModelRefusedError, match="no layer 2"):
        find_start(Source(str(checkpoint), layers=(0, 2)))
