"""Parts derived from whole vertebrae are those that the phantom was built from; no torch is needed for it."""

import numpy as np
import pytest

from planner.anatomy import itk
from planner.anatomy.network.session import Share
from planner.anatomy.network.windows import SPACING_MM
from planner.geometry import BoolArray, VolumeGeometry
from planner.structures import Part, SpineLevel, Structure
from planner.volume import LabelMap
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from training.maps import Parts, masks_by_name, parts_of, targets_of, tissues_of
from training.tissues import SIGNALS, Tissue

LOWER_BACK = PhantomParameters(field_of_view_mm=(150.0, 130.0, 120.0), center_mm=(0.0, 45.0, -50.0))
PROCESSES = (Part.SUPERIOR_ARTICULAR_PROCESS, Part.INFERIOR_ARTICULAR_PROCESS)


@pytest.fixture(scope="module")
def truth() -> LabelMap:
    phantom = make_phantom(LOWER_BACK)
    return phantom.truth_labels(itk.isotropic_grid(phantom.geometry, SPACING_MM))


@pytest.fixture(scope="module")
def parts(truth: LabelMap) -> Parts:
    """From whole vertebrae, the sac and the sacrum alone: all that a label map of real patients has."""
    masks = {"spinal_cord": truth.mask(Structure.THECAL_SAC), "sacrum": truth.mask(Structure.SACRUM)}
    for value, entry in truth.entries.items():
        if entry.structure is Structure.VERTEBRA and isinstance(entry.level, SpineLevel):
            name = f"vertebrae_{entry.level}"
            masks[name] = masks.get(name, False) | (truth.labels == value)
    return parts_of(masks, truth.geometry)


def of(truth: LabelMap, *wanted: Part) -> BoolArray:
    return np.isin(
        truth.labels, [v for v, e in truth.entries.items() if e.structure is Structure.VERTEBRA and e.part in wanted]
    )


def dice(found: BoolArray, true: BoolArray) -> float:
    return float(2.0 * (found & true).sum() / (found.sum() + true.sum()))


def test_bodies_are_parted_from_arches_at_their_back_wall(truth: LabelMap, parts: Parts):
    assert dice(parts.body, of(truth, Part.BODY)) > 0.93
    arch = parts.posterior | parts.superior | parts.inferior
    assert dice(arch, of(truth, Part.POSTERIOR, *PROCESSES)) > 0.85


def test_what_is_called_an_articular_process_is_one_and_a_third_of_each_is_called_so(truth: LabelMap, parts: Parts):
    for found, part in ((parts.superior, PROCESSES[0]), (parts.inferior, PROCESSES[1])):
        true = of(truth, part)
        assert (found & true).sum() > 0.33 * true.sum()
        assert (found & true).sum() > 0.75 * found.sum()


def test_discs_lie_between_bodies(truth: LabelMap, parts: Parts):
    assert dice(parts.disc, truth.mask(Structure.DISC)) > 0.7


def test_no_voxel_is_two_things(parts: Parts):
    masks = (
        parts.body,
        parts.posterior,
        parts.superior,
        parts.inferior,
        parts.disc,
        parts.canal,
        parts.sacrum,
        parts.other,
    )
    assert np.sum([mask.astype(int) for mask in masks], axis=0).max() == 1


def test_every_tissue_has_its_signals_and_every_bone_its_marrow(truth: LabelMap, parts: Parts):
    tissue = tissues_of(parts, {}, truth.labels > 0, truth.geometry)
    assert set(SIGNALS) == set(Tissue)
    assert set(np.unique(tissue[parts.body])) == {Tissue.BODY_CORTEX, Tissue.BODY_MARROW}
    assert {Tissue.FLAVUM, Tissue.INTERSPINOUS, Tissue.LAMINAR, Tissue.FORAMINAL} <= set(np.unique(tissue))


def test_what_is_trained_is_what_is_asked_for(parts: Parts):
    assert {one.name: one.value for one in Share} == {one.name: one.value for one in Share}
    assert set(np.unique(targets_of(parts))) <= {one.value for one in Share}


def test_labels_without_a_name_are_left_out():
    labels = np.array([[[0, 1, 2]]], dtype=np.uint8)
    assert set(masks_by_name(labels, {1: "liver"})) == {"liver"}


def test_a_spine_without_a_sacrum_has_discs_too():
    grid = VolumeGeometry.from_spacing((60, 50, 40), (SPACING_MM,) * 3)
    low, high, cord = (np.zeros(grid.shape, dtype=bool) for _ in range(3))
    low[8:26, 8:36, 8:32] = True
    high[30:48, 8:36, 8:32] = True
    cord[:, 25:31, 16:24] = True
    low &= ~itk.dilated(cord, grid, 3.2)
    high &= ~itk.dilated(cord, grid, 3.2)
    found = parts_of({"vertebrae_L4": low, "vertebrae_L3": high, "spinal_cord": cord}, grid)
    assert found.disc[27:29, 12:18, 16:24].all()
