"""What a desk is given: the case that is looked at, and who answers for the planner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray
from planner.plan import Plan
from planner.structures import Pose
from planner.volume import Volume
from viz.viewer.correction import Correction
from viz.viewer.earlier import EarlierImage
from viz.viewer.session import Judged
from viz.viewer.skin import SkinMap


class Planning(Protocol):
    """What the planner answers; every call is a plain function of frozen values."""

    def prepare(self, plan: Plan, target_index: int) -> None:
        """Make what the first question would wait for."""

    def judge(self, plan: Plan, target_index: int, entry_mm: FloatArray, target_mm: FloatArray) -> Judged | None:
        """A path from the skin towards a wished entry, in tens of milliseconds."""

    def settle(self, plan: Plan, target_index: int, judged: Judged) -> Judged:
        """The same path with its tolerance; a second."""

    def replan(self, plan: Plan, target_index: int, tip_mm: FloatArray) -> Plan:
        """New paths to a moved tip; seconds."""

    def apply(self, corrections: tuple[Correction, ...]) -> Anatomy:
        """The anatomy with a person's corrections, on which everything is measured from now on."""

    def measured_anew(self, plan: Plan) -> Plan:
        """The plan's paths searched again on the corrected anatomy; seconds."""

    def skin_map(self, plan: Plan, target_index: int, tip_mm: FloatArray) -> SkinMap:
        """Where on the skin a needle to this tip may enter; a second."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenCase:
    """What is looked at, and what the scan's slices are called."""

    volume: Volume
    anatomy: Anatomy
    pose: Pose
    slice_words: Callable[[FloatArray], str]
    earlier: EarlierImage | None = None
    """An earlier scan of the same patient, laid over this one."""
    may_edit: bool = True
    """Else paths are chosen and looked at, never changed."""
    names: tuple[tuple[str, FloatArray], ...] = field(init=False)
    """Of the vertebrae that lie in the scan, each with the middle of its body."""

    def __post_init__(self) -> None:
        seen = (v for v in self.anatomy.vertebrae if self.volume.geometry.contains(v.body_center_mm))
        object.__setattr__(self, "names", tuple((str(v.name), v.body_center_mm) for v in seen))
