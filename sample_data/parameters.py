"""What may be chosen about a phantom; everything else follows from it.

In: numbers with units. Out: one frozen ``PhantomParameters``. Axis order of voxel sizes is (k, j, i).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from planner.structures import Pose


class Kernel(StrEnum):
    """Reconstruction kernel; ``blur_mm`` is the standard deviation of its point spread in the slice (assumed)."""

    SHARP = "sharp"
    SOFT = "soft"

    @property
    def blur_mm(self) -> float:
        """0.35 mm (bone kernel) or 0.6 mm (soft tissue kernel), assumed."""
        return {"sharp": 0.35, "soft": 0.6}[self.value]


class Contrast(StrEnum):
    """Intravenous contrast: none, or the portal venous phase."""

    NONE = "none"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class PhantomParameters:
    """One schematic patient and one scan of it.

    Parameters
    ----------
    spacing_mm : voxel size along slices, rows and columns (k, j, i).
    field_of_view_mm : size of the scanned box along k, j and i. The default shows T11 to S3 and all skin.
    center_mm : LPS centre of the scanned box; S1's body centre is at (0, 50, -108).
    turn_deg : turn of the scan's axes about the patient's left, posterior and cranial axis; the patient stays.
    noise_hu : standard deviation of the noise in soft tissue.
    scoliosis_deg : Cobb angle of a lumbar curve, positive convex to the patient's left.
    axial_rotation_deg : of the vertebra at the curve's apex, positive turns anterior to the patient's left.
    marrow_hu : trabecular bone; about 160 in health, under 100 in osteoporosis (Pickhardt 2013,
        doi:10.7326/0003-4819-158-8-201304160-00003).
    mirrored : the mirror image of the patient: aorta on the right.
    """

    spacing_mm: tuple[float, float, float] = (2.0, 1.0, 1.0)
    field_of_view_mm: tuple[float, float, float] = (310.0, 264.0, 380.0)
    center_mm: tuple[float, float, float] = (0.0, 14.0, -27.0)
    turn_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    noise_hu: float = 12.0
    kernel: Kernel = Kernel.SOFT
    contrast: Contrast = Contrast.NONE
    scoliosis_deg: float = 0.0
    axial_rotation_deg: float = 0.0
    pose: Pose = Pose.PRONE
    marrow_hu: float = 170.0
    lumbar_count: int = 5
    mirrored: bool = False
    metal: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        if self.lumbar_count not in (4, 5, 6):
            raise ValueError(f"lumbar_count is {self.lumbar_count}; 4, 5 and 6 are modelled")
        if self.pose not in (Pose.PRONE, Pose.SUPINE):
            raise ValueError(f"pose is {self.pose}; prone and supine are modelled")
        if min(self.spacing_mm) <= 0 or min(self.field_of_view_mm) < max(self.spacing_mm):
            raise ValueError(
                f"spacing {self.spacing_mm} mm and field of view {self.field_of_view_mm} mm leave no voxel"
            )


SMALL = PhantomParameters(
    spacing_mm=(2.5, 1.5, 1.5), field_of_view_mm=(285.0, 246.0, 366.0), center_mm=(0.0, 14.0, -24.5), noise_hu=10.0
)
"""The series that is shipped: T12 to S2, all skin, the table; small in bytes."""
