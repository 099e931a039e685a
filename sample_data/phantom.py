"""A schematic patient with known truth, scanned: ``make_phantom(PhantomParameters(...)) -> Phantom``.

In: ``PhantomParameters``: voxel size, noise, kernel, contrast, scoliosis, rotation, pose, marrow, number of lumbar
vertebrae, field of view, turn of the grid, mirror. Out: a ``Phantom``, everything in LPS mm:

- ``volume``: HU on the scan's grid; ``truth``: labels on the same grid (``truth_labels(geometry)`` on any other)
- ``anatomy()``: the true ``planner.anatomy.model.Anatomy`` (levels, discs, foramina, facets, roots, canal, air, table)
- ``signed_distance_mm(structure, points_mm, level=None, side=None, part=None)``: closed form, negative inside

Labels name T10 to S3. A disc, a foramen's root and its ganglion carry the level above. CANAL is the canal's fat around
THECAL_SAC; as a distance it includes the sac. The same parameters give the same bytes.

>>> phantom = make_phantom(PhantomParameters(spacing_mm=(4.0, 4.0, 4.0), field_of_view_mm=(80.0, 120.0, 120.0)))
>>> phantom.volume.geometry.shape
(20, 30, 30)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from planner.anatomy.model import Anatomy, Lie, Surroundings
from planner.geometry import FloatArray, VolumeGeometry
from planner.structures import LevelName, Part, Side, Structure
from planner.volume import LabelMap, Volume
from sample_data import truth
from sample_data.nerves import canal_solid, cord_solid, flavum_solid, root_solids, sac_solid
from sample_data.organs import organ_solids
from sample_data.parameters import PhantomParameters
from sample_data.pelvis import ilium_solid, sacrum_solids
from sample_data.render import add_noise, blurred_plane, gaussian_weights, paint_hu, paint_labels
from sample_data.scene import Solid
from sample_data.shapes import turn_about
from sample_data.spine import Spine, place_spine
from sample_data.trunk import rib_solids, table_solids, wall_solids
from sample_data.vertebrae import disc_solid, screw_solids, spine_solids
from sample_data.vessels import vessel_solids

FRAME_OF_REFERENCE_UID = "2.25.196307244915233418026514738291056273"
"""Of every phantom: they all live in one patient's space."""


@dataclass(frozen=True, eq=False)
class Phantom:
    """A scanned schematic patient and all that is true of it."""

    parameters: PhantomParameters
    spine: Spine
    layers: tuple[tuple[Solid, ...], ...]

    @cached_property
    def geometry(self) -> VolumeGeometry:
        """The scan's grid."""
        return scan_geometry(self.parameters)

    @cached_property
    def volume(self) -> Volume:
        """The scan; painted when first asked for."""
        image = paint_hu(self.layers, self.geometry, flip=self.parameters.mirrored)
        return Volume(self.geometry, _scanned(image, self.geometry, self.parameters))

    @property
    def solids(self) -> tuple[Solid, ...]:
        """All parts in painting order, as built (before any mirror)."""
        return tuple(solid for layer in self.layers for solid in layer)

    @property
    def mirror(self) -> truth.Mirror:
        """Takes landmarks as built to the scanned patient."""
        return truth.Mirror(self.parameters.mirrored)

    @cached_property
    def truth(self) -> LabelMap:
        """True labels on the scan's own grid."""
        return self.truth_labels(self.geometry)

    def truth_labels(self, geometry: VolumeGeometry) -> LabelMap:
        """True labels on any grid, from the closed forms."""
        table = truth.label_table(self.solids)
        labels = paint_labels(table, geometry, flip=self.parameters.mirrored)
        return LabelMap(geometry, labels, truth.entries(table, self.mirror))

    def signed_distance_mm(
        self,
        structure: Structure,
        points_mm: npt.ArrayLike,
        level: LevelName | None = None,
        side: Side | None = None,
        part: Part | None = None,
    ) -> FloatArray:
        """(n,) distance of (n, 3) LPS points to a structure, negative inside [mm].

        Exact outside bones, discs, canal, sac, roots, vessels, ureters, kidneys and bowel; of first order for skin,
        muscle, liver, spleen and lung. ``Structure.BONE`` is every bone; ``inf`` where nothing matches.
        """
        points = self.mirror.points(np.asarray(points_mm, dtype=np.float64))
        built_side = None if side is None else self.mirror.side(side)
        chosen = truth.select(self.solids, structure, level, built_side)
        if part is not None:
            chosen = [solid for solid in chosen if solid.entry is not None and solid.entry.part is part]
        return truth.signed_distance(chosen, [points[..., axis] for axis in range(3)])

    def anatomy(self) -> Anatomy:
        """The true anatomy; nothing in it is estimated, so every uncertainty is 0."""
        return self._anatomy

    @cached_property
    def _anatomy(self) -> Anatomy:
        found = {entry.structure for entry in self.truth.entries.values()}
        return Anatomy(
            labels=self.truth,
            surroundings=self.surroundings(),
            vertebrae=truth.vertebrae(self.spine, self.mirror),
            discs=truth.discs(self.spine, self.mirror),
            canal_centreline_mm=truth.canal_centreline_mm(self.spine, self.mirror),
            foramina=truth.foramina(self.spine, self.solids, self.mirror),
            facets=truth.facets(self.spine, self.mirror),
            nerve_roots=truth.nerve_roots(self.spine, self.mirror),
            confidence=dict.fromkeys(sorted(found), 1.0),
            uncertainty_mm=dict.fromkeys(sorted(found), 0.0),
            lie=Lie(self.parameters.pose, 1.0, "the phantom's parameters"),
            naming="the phantom's parameters",
            sacral_foramina=truth.sacral_foramina(self.spine, self.solids, self.mirror),
        )

    def surroundings(self) -> LabelMap:
        """``Surroundings`` of every voxel of the scan: body, air, table."""
        geometry = self.geometry
        table = [(int(Surroundings.OBJECT), solid) for solid in table_solids(self.parameters.pose)]
        labels = paint_labels(table, geometry, flip=self.parameters.mirrored)
        labels[labels == 0] = int(Surroundings.AIR)
        labels[self.truth.labels > 0] = int(Surroundings.BODY)
        return LabelMap(geometry, labels)


def make_phantom(parameters: PhantomParameters | None = None) -> Phantom:
    """Build the patient; the scan and its labels are painted when first asked for."""
    parameters = parameters or PhantomParameters()
    spine = place_spine(parameters)
    return Phantom(parameters, spine, build_layers(spine, parameters))


def build_layers(spine: Spine, parameters: PhantomParameters) -> tuple[tuple[Solid, ...], ...]:
    """Layers in painting order; later ones win."""
    soft = [
        *table_solids(parameters.pose),
        *wall_solids(parameters.pose),
        *organ_solids(spine, parameters),
        *vessel_solids(spine, parameters.contrast),
    ]
    nerves = [solid for root in truth.all_roots(spine) for solid in root_solids(root)]
    marrow = parameters.marrow_hu
    bones = [
        *(ilium_solid(spine, side, marrow) for side in Side),
        *rib_solids(spine, marrow),
        *sacrum_solids(spine, marrow),
        *spine_solids(spine, marrow),
    ]
    return (
        tuple(soft),
        (canal_solid(spine), sac_solid(spine), cord_solid(spine)),
        tuple(solid for gap in spine.interspaces for solid in (disc_solid(gap), flavum_solid(gap))),
        tuple(nerves),
        tuple(bones),
        tuple(screw_solids(spine) if parameters.metal else ()),
    )


def scan_geometry(parameters: PhantomParameters) -> VolumeGeometry:
    """The scan's grid: its box's middle at ``center_mm``, its axes turned by ``turn_deg``."""
    spacing, size = np.array(parameters.spacing_mm), np.array(parameters.field_of_view_mm)
    shape = np.maximum(np.rint(size / spacing).astype(int), 1)
    turn = np.eye(3)
    for axis, angle in enumerate(parameters.turn_deg):
        turn = turn_about(axis, angle) @ turn
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ np.eye(3)[:, ::-1] * spacing
    matrix[:3, 3] = np.array(parameters.center_mm) - matrix[:3, :3] @ ((shape - 1) / 2)
    count, rows, columns = (int(n) for n in shape)
    return VolumeGeometry(matrix, (count, rows, columns), FRAME_OF_REFERENCE_UID)


def _scanned(
    image: npt.NDArray[np.float32], geometry: VolumeGeometry, parameters: PhantomParameters
) -> npt.NDArray[np.int16]:
    """Blurred by the kernel, with texture and noise, rounded to whole HU."""
    pixel_mm = float(geometry.spacing_mm[1:].mean())
    weights = gaussian_weights(parameters.kernel.blur_mm / pixel_mm)
    for n, plane in enumerate(image):
        image[n] = blurred_plane(plane, weights)
    if parameters.noise_hu > 0:
        rng = np.random.default_rng(parameters.seed)
        facing = image[:, :, ::-1] if parameters.mirrored else image  # a mirrored scan has the mirrored noise
        add_noise(facing, parameters.noise_hu, parameters.kernel.blur_mm / pixel_mm, rng)
    return np.clip(np.rint(image), -1024, 3071).astype(np.int16)
