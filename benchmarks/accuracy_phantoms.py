"""The phantoms accuracy is measured on, by name: one thing changed at a time, then several together."""

from __future__ import annotations

from planner.structures import Pose
from sample_data.parameters import Contrast, Kernel, PhantomParameters

_FINE, _USUAL, _THICK, _THICKEST = (1.0, 0.8, 0.8), (2.0, 1.0, 1.0), (3.0, 1.0, 1.0), (5.0, 1.0, 1.0)
_SHORT, _SHORTEST = (150.0, 264.0, 380.0), (70.0, 264.0, 380.0)
_NARROW = (200.0, 180.0, 180.0)

PHANTOMS: dict[str, PhantomParameters] = {
    "plain": PhantomParameters(),
    "contrast": PhantomParameters(contrast=Contrast.PORTAL),
    "supine": PhantomParameters(pose=Pose.SUPINE),
    "osteoporosis": PhantomParameters(marrow_hu=50.0),
    "thick_slices": PhantomParameters(spacing_mm=_THICK),
    "scoliosis": PhantomParameters(scoliosis_deg=20.0, axial_rotation_deg=15.0),
    "thin_slices": PhantomParameters(spacing_mm=_FINE, field_of_view_mm=(220.0, 264.0, 380.0)),
    "thickest_slices": PhantomParameters(spacing_mm=_THICKEST),
    "coarse_pixels": PhantomParameters(spacing_mm=(2.0, 1.5, 1.5)),
    "noise_30": PhantomParameters(noise_hu=30.0),
    "noise_60": PhantomParameters(noise_hu=60.0),
    "sharp_kernel": PhantomParameters(kernel=Kernel.SHARP),
    "sharp_kernel_noise_30": PhantomParameters(kernel=Kernel.SHARP, noise_hu=30.0),
    "four_lumbar": PhantomParameters(lumbar_count=4),
    "six_lumbar": PhantomParameters(lumbar_count=6),
    "mirrored": PhantomParameters(mirrored=True),
    "metal": PhantomParameters(metal=True),
    "metal_contrast": PhantomParameters(metal=True, contrast=Contrast.PORTAL),
    "scoliosis_right": PhantomParameters(scoliosis_deg=-20.0, axial_rotation_deg=-15.0),
    "scoliosis_35": PhantomParameters(scoliosis_deg=35.0, axial_rotation_deg=20.0),
    "rotation_15": PhantomParameters(turn_deg=(0.0, 0.0, 15.0)),
    "rotation_30": PhantomParameters(turn_deg=(0.0, 0.0, 30.0)),
    "tilt_15": PhantomParameters(turn_deg=(15.0, 0.0, 0.0)),
    "side_tilt_10": PhantomParameters(turn_deg=(0.0, 10.0, 0.0)),
    "oblique": PhantomParameters(turn_deg=(8.0, 6.0, 12.0)),
    "short_lumbosacral": PhantomParameters(field_of_view_mm=_SHORT, center_mm=(0.0, 14.0, -80.0)),
    "short_thoracolumbar": PhantomParameters(field_of_view_mm=_SHORT, center_mm=(0.0, 14.0, 50.0)),
    "shortest_lumbar": PhantomParameters(field_of_view_mm=_SHORTEST, center_mm=(0.0, 14.0, -20.0)),
    "shortest_lumbosacral": PhantomParameters(field_of_view_mm=_SHORTEST, center_mm=(0.0, 14.0, -90.0)),
    "narrow": PhantomParameters(field_of_view_mm=_NARROW, center_mm=(0.0, 50.0, -40.0)),
    "narrow_contrast": PhantomParameters(
        field_of_view_mm=_NARROW, center_mm=(0.0, 50.0, -40.0), contrast=Contrast.PORTAL
    ),
    "osteoporosis_thick": PhantomParameters(marrow_hu=50.0, spacing_mm=_THICK),
    "osteoporosis_noise_30": PhantomParameters(marrow_hu=50.0, noise_hu=30.0),
    "osteoporosis_scoliosis": PhantomParameters(marrow_hu=70.0, scoliosis_deg=25.0, axial_rotation_deg=15.0),
    "dense_marrow": PhantomParameters(marrow_hu=260.0),
    "interventional": PhantomParameters(
        spacing_mm=_THICK, field_of_view_mm=(90.0, 264.0, 380.0), center_mm=(0.0, 14.0, -40.0), noise_hu=30.0
    ),
    "interventional_5_mm": PhantomParameters(
        spacing_mm=_THICKEST, field_of_view_mm=(100.0, 264.0, 380.0), center_mm=(0.0, 14.0, -40.0), noise_hu=30.0
    ),
    "supine_contrast": PhantomParameters(pose=Pose.SUPINE, contrast=Contrast.PORTAL),
    "supine_contrast_thick": PhantomParameters(pose=Pose.SUPINE, contrast=Contrast.PORTAL, spacing_mm=_THICK),
    "four_lumbar_contrast": PhantomParameters(lumbar_count=4, contrast=Contrast.PORTAL),
    "six_lumbar_supine": PhantomParameters(lumbar_count=6, pose=Pose.SUPINE),
    "mirrored_contrast": PhantomParameters(mirrored=True, contrast=Contrast.PORTAL),
    "scoliosis_contrast_thick": PhantomParameters(
        scoliosis_deg=20.0, axial_rotation_deg=15.0, contrast=Contrast.PORTAL, spacing_mm=_THICK
    ),
    "isotropic_1_5": PhantomParameters(spacing_mm=(1.5, 1.5, 1.5)),
}
"""44 sets; the first six are run by ``--quick``."""

QUICK = tuple(PHANTOMS)[:6]
