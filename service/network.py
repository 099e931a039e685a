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
from planner.volume import Modality
from service.errors import RequestError
from service.opening import OpenSeries

_SHIPPED = "spine.onnx"


@cache
def shipped_network() -> OnnxNetwork:
    """The spine's network, loaded once a process; refused with advice where its runtime is not installed."""
    try:
        return OnnxNetwork.of(files("planner.anatomy.network").joinpath(_SHIPPED).read_bytes())
    except ImportError:
        raise RequestError(
            "an MR needs the spine's network, and onnxruntime, which runs it, is not installed; install it (pip install onnxruntime), or "
            "plan on a CT"
        ) from None
    except FileNotFoundError:
        raise RequestError("the spine's network is missing in this installation; install needleplan anew") from None


def second_opinion(series: OpenSeries, anatomy: Anatomy) -> Anatomy:
    """The anatomy with confidences lowered where the network does not agree; nothing drawn changes.

    On MR the anatomy is the network's own: it has no second one.
    """
    if anatomy.modality is Modality.MR:
        return anatomy
    opinion = look(series.volume, shipped_network(), anatomy.canal_centreline_mm)
    return with_second_opinion(anatomy, opinion)
