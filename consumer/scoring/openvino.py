"""The default scorer: an int8 model on OpenVINO's CPU plugin, several chunks at a time.

A logit does not depend on the texts beside it: activation ranges are fixed at export. Measured on 1,000
tweets, alone and in company: equal to the last bit. ``NEIGHBOUR_TOLERANCE`` leaves room for a CPU whose
kernels add in another order for another shape, which may move an int8 value by one step.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import openvino as ov

from consumer.errors import ModelRefusedError
from consumer.scoring.chunks import Chunk, cut, pad
from consumer.scoring.scorer import Logits

NEIGHBOUR_TOLERANCE = 0.01  # in logits
# Kernels are made for every shape of chunk and kept in two places: by the plugin, for each stream, and
# beneath it by oneDNN, 1,024 for the process. So many hold 100 MiB, gathered over hours, as new shapes come
# by. Few are as fast, since making one is cheap beside its work. Fewer shapes cost 3 % more padding.
_WIDTH_STEP = 4
_KERNELS_KEPT = 16
_ONEDNN_KEEPS, _ONEDNN_KERNELS_KEPT = "ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64"
_ONE_TOKEN = np.ones((1, 1), np.int32)


class OpenVinoScorer:
    """Logits from ``openvino/model.xml`` of a model folder. Not for several threads at once.

    As many threads as streams, each with an inference request of its own. The runtime's own queue with
    callbacks into Python is not used: its destruction waits for a thread that may wait for the interpreter.
    """

    def __init__(self, model: Path, *, streams: int, chunk_tokens: int, cache_dir: Path | None) -> None:
        """Compile, or read the compiled model from ``cache_dir``: 0.3 s instead of 1 s."""
        self._free: SimpleQueue[Any] = SimpleQueue()
        # The runtime gives the thread that compiles a signal stack, and takes it away in the order it likes:
        # with two models in turn a signal to the main thread would then find a stack that is gone.
        with ThreadPoolExecutor(1, thread_name_prefix="compile") as aside:
            for request in aside.submit(_requests, model, streams, cache_dir).result():
                self._free.put(request)
        self._threads = ThreadPoolExecutor(streams, thread_name_prefix="openvino")
        self._chunk_tokens = chunk_tokens
        self.padded_tokens = 0

    def logits(self, ids: Sequence[Sequence[int]]) -> Logits:
        """Logits (n,) of n texts, in order; raises ``RuntimeError`` when the runtime fails."""
        chunks = list(cut([len(text) for text in ids], self._chunk_tokens, _WIDTH_STEP))
        self.padded_tokens = sum(chunk.padded_tokens for chunk in chunks)
        out = np.empty(len(ids), np.float32)
        jobs = [self._threads.submit(self._infer, ids, chunk) for chunk in chunks]
        wait(jobs)  # none may still run when the first one's error is raised
        for chunk, job in zip(chunks, jobs, strict=True):
            out[list(chunk.rows)] = job.result()
        return out

    def _infer(self, ids: Sequence[Sequence[int]], chunk: Chunk) -> Logits:
        input_ids, mask = pad(ids, chunk)
        request = self._free.get()
        try:
            found = request.infer({"input_ids": input_ids, "attention_mask": mask})
        finally:
            self._free.put(request)
        values = np.array(found[0], np.float32).reshape(-1)
        if len(values) != len(chunk.rows):
            raise RuntimeError(f"the runtime gave {len(values)} logits for {len(chunk.rows)} texts")
        return values

    def close(self) -> None:
        """Free the compiled model."""
        self._threads.shutdown()
        while not self._free.empty():
            self._free.get()


def _requests(model: Path, streams: int, cache_dir: Path | None) -> list[Any]:
    compiled = _compile(model, streams, cache_dir)
    requests = [compiled.create_infer_request() for _ in range(streams)]
    for request in requests:
        # The first inference of a process sets up the binding's link to numpy, and two threads that
        # do so at the same time wait for each other for ever.
        request.infer({"input_ids": _ONE_TOKEN, "attention_mask": _ONE_TOKEN})
    return requests


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
    os.environ.setdefault(_ONEDNN_KEEPS, _ONEDNN_KERNELS_KEPT)  # read by the first kernel that is made
    try:
        return ov.Core().compile_model(str(model), "CPU", options)
    except RuntimeError as error:
        raise ModelRefusedError(f"{model}: OpenVINO cannot compile it: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
