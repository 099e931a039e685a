"""The only door to onnxruntime: windows in, probabilities out, on the CPU.

In: the bytes of an ONNX file, and (64, 64, 64) windows with mean 0 and deviation 1. Out: (classes, 64, 64, 64) in 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

import numpy as np

from planner.geometry import Float32Array

WINDOW = 64
"""Voxels along each edge of a window: those it was trained with, and no others."""


class Share(IntEnum):
    """What each output is the probability of."""

    BACKGROUND = 0
    BODY = 1
    POSTERIOR = 2
    DISC = 3
    CANAL = 4
    SACRUM = 5
    OTHER_BONE = 6
    SUPERIOR_PROCESS = 7
    INFERIOR_PROCESS = 8


class Network(Protocol):
    """Anything that answers for one window."""

    def __call__(self, window: Float32Array) -> Float32Array:
        """(classes, 64, 64, 64) of a (64, 64, 64) window."""


@dataclass(frozen=True, slots=True, eq=False)
class OnnxNetwork:
    """A network loaded once; asking it changes nothing in it."""

    session: Any

    @classmethod
    def of(cls, model: bytes, threads: int = 2) -> OnnxNetwork:
        """From an ONNX file's bytes; the runtime is loaded here, half a second, and by nobody who uses no network."""
        import onnxruntime  # noqa: PLC0415

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # threads that wait leave the core
        return cls(onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]))

    def __call__(self, window: Float32Array) -> Float32Array:
        """(classes, 64, 64, 64) of a (64, 64, 64) window."""
        (answer,) = self.session.run(None, {"window": window[None, None]})
        return np.asarray(answer[0], dtype=np.float32)
