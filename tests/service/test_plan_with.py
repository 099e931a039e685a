"""A plan on somebody else's segmentation, from a site's command to the plan's own words: the same place, whose labels, and what they fail."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from planner.structures import Part, Structure
from sample_data.parameters import PhantomParameters
from sample_data.phantom import Phantom, make_phantom
from service.brought.site import bringing_for
from service.case import PlannedCase, plan_case
from service.label_map_file import write_label_map
from service.opening import OpenSeries
from service.request import parse_request
from service.results import Written
from service.series_facts import SeriesFacts
from service.settings.segmentation import SegmentationSettings
from service.tools import site_tools
from service.watch import Stopwatch

LUMBAR = PhantomParameters(
    spacing_mm=(2.0, 1.5, 1.5), field_of_view_mm=(170.0, 246.0, 366.0), center_mm=(0.0, 14.0, -50.0)
)

MODEL = (
    "import pathlib, shutil, sys; image, output, folder = sys.argv[1:]; assert pathlib.Path(image).is_file();"
    "out = pathlib.Path(output); out.mkdir(); [shutil.copy(one, out) for one in pathlib.Path(folder).iterdir()]"
)
"""Stands for a hospital's model: it is given the scan, and writes labels with a table where it is told."""


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return make_phantom(LUMBAR)


def table_of(phantom: Phantom) -> dict[str, str]:
    """As a trained model names what it draws: whole vertebrae, the sac, roots by level and side."""
    words = {}
    for value, entry in phantom.truth.entries.items():
        name = "ganglion" if entry.part is Part.GANGLION else entry.structure.value
        name = "vertebrae" if entry.structure is Structure.VERTEBRA else name
        words[str(value)] = "_".join(str(one) for one in (name, entry.level, entry.side) if one)
    return words


@pytest.fixture(scope="module")
def planned(phantom: Phantom, tmp_path_factory: pytest.TempPathFactory) -> PlannedCase:
    labels, script = tmp_path_factory.mktemp("labels"), tmp_path_factory.mktemp("model") / "model.py"
    write_label_map(labels / "labels.nii.gz", phantom.truth)
    (labels / "labels.json").write_text(json.dumps(table_of(phantom)))
    script.write_text(MODEL)
    settings = SegmentationSettings(
        command=f"{sys.executable} {script} {{input}} {{output}} {labels}", time_limit_seconds=60.0, memory_limit_gb=4.0
    )
    series = OpenSeries(phantom.volume, SeriesFacts(phantom.volume.geometry, None, ()))
    bring = bringing_for(settings, "1.2.3", ()).bring
    tools = site_tools(tmp_path_factory.mktemp("out"), Stopwatch(), datetime(2026, 1, 2).astimezone(), bring=bring)
    tools = replace(tools, publish=lambda _plan, _anatomy, _series: Written(()))
    return plan_case(series, parse_request("prt", "L4", None, "left", None), tools)


@pytest.mark.slow
def test_the_plan_aims_where_the_phantom_has_the_root(planned: PlannedCase, phantom: Phantom) -> None:
    truth = next(r for r in phantom.anatomy().nerve_roots if r.root == "L4" and r.side.value == "left")
    path = planned.plan.targets[0].trajectories[0]
    assert float(np.linalg.norm(truth.course_mm - path.target_mm, axis=1).min()) < 6.0


@pytest.mark.slow
def test_the_plan_says_whose_labels_it_was_made_on(planned: PlannedCase) -> None:
    sources = [value for name, value in planned.plan.versions.items() if name.startswith("segmentation of")]
    assert any("sha256" in source for source in sources)
    assert Structure.VERTEBRA in planned.anatomy.origin
    assert planned.anatomy.gates


@pytest.mark.slow
def test_no_gate_fails_on_true_labels(planned: PlannedCase) -> None:
    assert [gate for gate in planned.anatomy.gates if gate.startswith("GATE FAILED")] == []
