"""The network that ships with the package, and its second opinion on a CT.

The bytes are read here, since the planner reads no file. Loading needs onnxruntime and half a second: only who asks pays.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from planner.anatomy.model import Anatomy
from planner.anatomy.network.agreement import with_second_opinion
from planner.anatomy.network.opinion import look
from planner.anatomy.network.session import OnnxNetwork
from service.opening import OpenSeries

_SHIPPED = "spine.onnx"


@cache
def shipped_network() -> OnnxNetwork:
    """The spine's network, loaded once a process."""
    return OnnxNetwork.of(files("planner.anatomy.network").joinpath(_SHIPPED).read_bytes())


def second_opinion(series: OpenSeries, anatomy: Anatomy) -> Anatomy:
    """The anatomy with confidences lowered where the network does not agree; nothing drawn changes."""
    opinion = look(series.volume, shipped_network(), anatomy.canal_centreline_mm)
    return with_second_opinion(anatomy, opinion)
