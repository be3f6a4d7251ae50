"""The default scorer: an int8 model on OpenVINO's CPU plugin, several chunks at a time.

A logit does not depend on the texts beside it in more than the order of additions: the largest
difference measured between a text alone and in company is below ``NEIGHBOUR_TOLERANCE``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from consumer.errors import ModelRefusedError
from consumer.scoring.chunks import Chunk, cut, pad
from consumer.scoring.scorer import Logits

# int8 activations are rounded: an addition in another order may move a value by one step of 1/256.
NEIGHBOUR_TOLERANCE = 0.1  # in logits
# The plugin keeps kernels for every shape it met. Fewer shapes and a bound on the kernels kept hold
# resident memory about 100 MB lower, for 3 % more padding.
_WIDTH_STEP = 4
_KERNELS_KEPT = 250


@dataclass(frozen=True, slots=True)
class _Call:
    """What one call of ``logits`` collects. A late job of a failed call writes here, into no later call."""

    out: Logits  # (n,)
    failed: list[BaseException]


class OpenVinoScorer:
    """Logits from ``openvino/model.xml`` of a model folder. Not for several threads at once."""

    def __init__(self, model: Path, *, streams: int, chunk_tokens: int, cache_dir: Path | None) -> None:
        """Compile, or read the compiled model from ``cache_dir``: 0.3 s instead of 1 s."""
        self._compiled = _compile(model, streams, cache_dir)
        self._streams = streams
        self._jobs = self._queue()
        self._chunk_tokens = chunk_tokens
        self.padded_tokens = 0

    def logits(self, ids: Sequence[Sequence[int]]) -> Logits:
        """Logits (n,) of n texts, in order; raises ``RuntimeError`` when the runtime fails."""
        chunks = list(cut([len(text) for text in ids], self._chunk_tokens, _WIDTH_STEP))
        self.padded_tokens = sum(chunk.padded_tokens for chunk in chunks)
        # Not-a-number until written: a chunk that never came back is seen, not taken for a score.
        call = _Call(np.full(len(ids), np.nan, np.float32), [])
        try:
            self._run(ids, chunks, call)
        except Exception:
            # A queue remembers the error of a job for ever and raises it at every later call.
            self._jobs = self._queue()
            raise
        if call.failed:
            raise RuntimeError(f"a result could not be taken over: {call.failed[0]!r}") from call.failed[0]
        return call.out

    def _run(self, ids: Sequence[Sequence[int]], chunks: list[Chunk], call: _Call) -> None:
        try:
            for chunk in chunks:
                input_ids, mask = pad(ids, chunk)
                self._jobs.start_async({"input_ids": input_ids, "attention_mask": mask}, (chunk, call))
        finally:
            self._jobs.wait_all()  # raises what the runtime raised in a job

    def _queue(self) -> Any:
        jobs = ov.AsyncInferQueue(self._compiled, self._streams)
        jobs.set_callback(_take)
        return jobs

    def close(self) -> None:
        """Free the compiled model."""
        self._jobs = self._compiled = None


def _take(request: Any, job: tuple[Chunk, _Call]) -> None:
    # Runs in a thread of the runtime; the tensor is overwritten by the next job, so it is copied.
    chunk, call = job
    try:
        call.out[list(chunk.rows)] = request.get_output_tensor(0).data.reshape(len(chunk.rows))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again in the caller
        call.failed.append(error)


def _compile(model: Path, streams: int, cache_dir: Path | None) -> Any:
    options: dict[str, Any] = {
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": streams,
        "INFERENCE_PRECISION_HINT": "f32",  # what is not int8 stays float32 on every CPU
        "CPU_RUNTIME_CACHE_CAPACITY": _KERNELS_KEPT,
    }
    if cache_dir is not None:
        cache_dir.mkdir(parents=True, exist_ok=True)
        options["CACHE_DIR"] = str(cache_dir)
    try:
        return ov.Core().compile_model(str(model), "CPU", options)
    except RuntimeError as error:
        raise ModelRefusedError(f"{model}: OpenVINO cannot compile it: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
