"""Both back ends on the tiny model: equal, in order, and blind to neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from consumer.model.folder import ModelFolder
from consumer.scoring.chunks import Chunk, Ints, pad
from consumer.scoring.load import Kind, load_scorer
from consumer.scoring.scorer import Scorer
from consumer.tokenise import Tokeniser
from tests.models.tiny import random_texts

pytestmark = pytest.mark.tensorflow
KINDS: tuple[Kind, ...] = ("openvino", "tensorflow")
NEIGHBOUR_TOLERANCE = {"openvino": 0.01, "tensorflow": 1e-4}  # in logits, as each scorer states


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each back end by turns."""
    wanted: Kind = request.param
    return wanted


@pytest.fixture(scope="module")
def scorer(tiny: ModelFolder, kind: Kind) -> Iterator[Scorer]:
    """A scorer with small chunks, so that a batch has many of them."""
    made = load_scorer(tiny.path, kind, streams=2, chunk_tokens=64)
    yield made
    made.close()


@pytest.fixture(scope="module")
def ids(tiny: ModelFolder) -> list[list[int]]:
    """Word pieces of a hundred texts of many lengths."""
    tokeniser = Tokeniser(tiny.tokeniser_path, tiny.max_length)
    return [tokens.ids for tokens in tokeniser(random_texts(100, seed=3))]


def test_no_text_no_logit(scorer: Scorer) -> None:
    """An empty batch is no special case."""
    assert scorer.logits([]).shape == (0,)


def test_neighbours_do_not_matter(scorer: Scorer, kind: Kind, ids: list[list[int]]) -> None:
    """A text scores the same alone and in company, within the stated tolerance."""
    together = scorer.logits(ids)
    alone = np.array([scorer.logits([text])[0] for text in ids])
    assert np.ptp(together) > 1  # scores differ from text to text: the comparison means something
    assert np.abs(together - alone).max() <= NEIGHBOUR_TOLERANCE[kind]


def test_order_is_kept(scorer: Scorer, ids: list[list[int]]) -> None:
    """Logits come back in the order of the texts, whatever the chunks."""
    forwards, backwards = scorer.logits(ids), scorer.logits(ids[::-1])
    assert np.allclose(forwards, backwards[::-1], atol=0.1)
    assert not np.allclose(forwards, backwards, atol=0.1)


def test_padded_tokens_counts_what_was_computed(scorer: Scorer, ids: list[list[int]]) -> None:
    """At least the real tokens, and not much more: the batch was sorted."""
    scorer.logits(ids)
    real = sum(len(text) for text in ids)
    assert real <= scorer.padded_tokens <= 1.3 * real


def test_back_ends_agree(tiny: ModelFolder, ids: list[list[int]]) -> None:
    """int8 gives about the probabilities of float32, text by text."""
    logits = [load_scorer(tiny.path, kind).logits(ids) for kind in KINDS]
    p, q = (1 / (1 + np.exp(-values)) for values in logits)
    assert np.abs(p - q).mean() < 0.05
    assert np.corrcoef(p, q)[0, 1] > 0.95


def test_failure_surfaces_and_passes(
    tiny: ModelFolder, ids: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chunk the runtime fails on raises, and the next batch is scored as if nothing had been.

    The runtime's queue would raise the same error again for ever.
    """
    from consumer.scoring import openvino  # noqa: PLC0415 - only here, to break it

    def pad_wrongly(ids: Sequence[Sequence[int]], chunk: Chunk) -> tuple[Ints, Ints]:
        input_ids, mask = pad(ids, chunk)
        return input_ids, mask if 50 not in chunk.rows else mask[:, :-1]

    scorer = load_scorer(tiny.path, "openvino", streams=2, chunk_tokens=64)
    before = scorer.logits(ids)
    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(openvino, "pad", pad_wrongly)
            with pytest.raises(RuntimeError):
                scorer.logits(ids)
        assert np.array_equal(scorer.logits(ids), before)


def test_failure_while_taking_a_result_surfaces(
    tiny: ModelFolder, ids: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output of another length than the chunk is an error of the call, not a silent gap."""
    from consumer.scoring import openvino  # noqa: PLC0415 - only here, to break it

    def drop_a_row(ids: Sequence[Sequence[int]], chunk: Chunk) -> tuple[Ints, Ints]:
        input_ids, mask = pad(ids, chunk)
        return input_ids[:-1], mask[:-1]

    scorer = load_scorer(tiny.path, "openvino", chunk_tokens=64)
    monkeypatch.setattr(openvino, "pad", drop_a_row)
    with pytest.raises(RuntimeError, match="the runtime gave"):
        scorer.logits(ids)


def test_compiled_model_is_cached(
    tiny: ModelFolder, ids: list[list[int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A second start reads the compiled model, and scores the same."""
    cache = tmp_path_factory.mktemp("cache") / "compiled"
    first = load_scorer(tiny.path, "openvino", cache_dir=cache).logits(ids)
    blobs = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    second = load_scorer(tiny.path, "openvino", cache_dir=cache).logits(ids)
    assert blobs
    assert {path.name: path.stat().st_mtime_ns for path in cache.iterdir()} == blobs
    assert np.array_equal(first, second)
