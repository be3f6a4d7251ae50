"""Signals still reach the process when models come and go."""

from __future__ import annotations

import ctypes

import pytest

from consumer.model.folder import ModelFolder
from consumer.scoring.load import load_scorer

pytestmark = pytest.mark.tensorflow  # the tiny model is exported with it


class _Stack(ctypes.Structure):
    """``stack_t`` of Linux."""

    _fields_ = (("pointer", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


def _signal_stack() -> tuple[int | None, int]:
    found, library = _Stack(), ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        pytest.skip("the layout of stack_t is glibc's")
    library.sigaltstack(None, ctypes.byref(found))
    return found.pointer, found.size


def test_the_main_threads_signal_stack_is_left_alone(tiny: ModelFolder) -> None:
    """The runtime sets one of its own where it compiles; two models closed in turn would leave a dead one."""
    before = _signal_stack()
    first, second = (load_scorer(tiny.path, "openvino") for _ in range(2))
    assert _signal_stack() == before
    first.close()
    second.close()
    assert _signal_stack() == before
