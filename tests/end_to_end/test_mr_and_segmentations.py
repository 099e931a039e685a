"""A study of an MR, a CT and somebody else's segmentation sent to a running service: both are planned by a rule, the CT on the segmentation.

And the same segmentation on the command line. What comes back from the PACS is judged by dciodvfy.
"""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.sr.coding import Code

from dicom_io.series import read_series
from planner.structures import PatientPosition, SpineLevel, Structure
from planner.volume import LabelMap
from sample_data.dicom_series import SeriesOptions, write_volume_series
from sample_data.mr import MrParameters, mr_volume
from sample_data.phantom import make_phantom
from sample_data.tissue import T2_TURBO
from service.cli import DONE
from service.documents import AnatomyDocument
from tests.dicom_io.test_outside_segmentation import L4, NOBODY, described, written
from tests.end_to_end.test_command_line import needleplan
from tests.servers import Orthanc, a_free_port, is_listening, process, run, wait_until
from tests.service.test_plan_with import LUMBAR
from tests.site_settings import Order, SiteSettings

pytestmark = [pytest.mark.slow, pytest.mark.servers, pytest.mark.graphics]

LONGEST_S = 500.0
"""Both cases, on a busy machine."""

STUDY = "a CT, an MR and a segmentation"
AORTA = Code("15825003", "SCT", "Aorta")
GIVEN = ((Structure.VERTEBRA, SpineLevel.L4), (Structure.VERTEBRA, SpineLevel.L3), (Structure.AORTA, None))


@dataclass(frozen=True)
class Study:
    """Three series of one patient's study."""

    ct: Path
    mr: Path
    seg: Path
    anchor: str


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("study")
    phantom = make_phantom(LUMBAR)
    lies = PatientPosition.HFP
    write_volume_series(phantom.volume, folder / "ct", SeriesOptions(lies, series_number=2), identity=STUDY)
    mr = mr_volume(phantom, MrParameters(T2_TURBO, noise=0.008, annulus_mm=3.0))
    write_volume_series(mr, folder / "mr", SeriesOptions(lies, series_number=3), identity=STUDY)
    truth = phantom.truth_labels(read_series(folder / "ct").volume.geometry)
    masks = np.stack([_mask(truth, *one) for one in GIVEN], axis=-1)
    names = (("L4", L4), ("vertebrae_L3", NOBODY), ("Aorta", AORTA))
    (folder / "seg").mkdir()
    segments = [described(n, label, code) for n, (label, code) in enumerate(names, start=1)]
    seg = written(folder / "ct", folder / "seg" / "seg.dcm", masks, segments)
    l4_mm = next(float(v.body_center_mm[2]) for v in phantom.anatomy().vertebrae if v.name is SpineLevel.L4)
    return Study(folder / "ct", folder / "mr", seg, f"L4@{l4_mm:.0f}")


def _mask(truth: LabelMap, structure: Structure, level: SpineLevel | None) -> np.ndarray:
    values = [n for n, e in truth.entries.items() if e.structure is structure and (level is None or e.level is level)]
    return np.isin(truth.labels, values).astype(np.uint8)


def test_a_segmentation_on_the_command_line_takes_the_place_of_our_own(study: Study, tmp_path: Path):
    beside = ("--with", study.seg, "--anchor", study.anchor)
    done = needleplan("segment", study.ct, *beside, out=tmp_path / "anatomy")
    assert done.exit_code == DONE, done.printed
    anatomy = AnatomyDocument.model_validate_json((done.out / "anatomy.json").read_text())
    origin = {one.structure: one.origin or "" for one in anatomy.structures}
    for structure in ("aorta", "vertebra"):
        assert "sha256" in origin[structure], origin
    assert anatomy.gates
    assert any(line.startswith("drawn by") and "aorta" in line for line in anatomy.warnings)


@dataclass(frozen=True)
class Site:
    """What a running service made of the study."""

    plans: dict[str, dict[str, Any]]
    """By the series planned on."""
    fetched: tuple[Path, ...]


@pytest.fixture(scope="module")
def site(study: Study, orthanc_server: Orthanc, tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("service")
    orthanc_server.empty()
    port, log = a_free_port(), folder / "serve.log"
    image = pydicom.dcmread(next(study.ct.iterdir()), stop_before_pixels=True)
    site = SiteSettings(
        port, folder / "storage", orthanc_server, more="segmentation = { received = true }", quiet_s=3.0
    )
    order = Order(f'root = "L4"\nanchor = "{study.anchor}"')
    settings = site.write(folder / "needleplan.toml", image, order)
    with process(log, Path(sys.executable).parent / "needleplan", "serve", "--settings", settings) as service:
        wait_until(lambda: service.poll() is not None or is_listening(port), what="the service's start")
        for one in (study.seg.parent, study.mr, study.ct):
            sent = run("storescu", "-aet", "CT1", "-aec", "NEEDLEPLAN", "-R", "+sd", "127.0.0.1", port, one)
            assert sent.returncode == 0, sent.stderr + log.read_text()
        wait_until(
            lambda: (
                service.poll() is not None
                or log.read_text().count('"published"') == 2
                or '"failed"' in log.read_text()
                or '"waiting"' in log.read_text()
            ),
            timeout_s=LONGEST_S,
            what="both plans' arrival in the PACS",
        )
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=20) == 0, log.read_text()
    assert log.read_text().count('"published"') == 2, log.read_text()
    found = [json.loads(one.read_text()) for one in (folder / "storage" / "results").glob("*/plan.json")]
    files = []
    for number, instance in enumerate(orthanc_server.instances()):
        files.append(folder / f"{number}.dcm")
        files[-1].write_bytes(orthanc_server.file(instance))
    return Site({plan["series"]["series_instance_uid"]: plan for plan in found}, tuple(files))


def uid_of(series: Path) -> str:
    return str(pydicom.dcmread(next(series.iterdir()), stop_before_pixels=True).SeriesInstanceUID)


def test_a_received_segmentation_is_used_for_the_series_that_it_refers_to_alone(site: Site, study: Study):
    ct, mr = site.plans[uid_of(study.ct)], site.plans[uid_of(study.mr)]
    drawn = [words for name, words in ct["versions"].items() if name.startswith("segmentation of")]
    assert any("sha256" in words for words in drawn)
    assert any(line.startswith("drawn by") for line in ct["warnings"])
    assert not any(name.startswith("segmentation of") for name in mr["versions"])


def test_an_mr_that_a_rule_names_is_planned_as_a_draft_with_its_needles_artefact(site: Site, study: Study):
    plan = site.plans[uid_of(study.mr)]
    (target,) = plan["targets"]
    assert (target["root"], target["side"]) == ("L4", "left")
    assert target["trajectories"]
    assert all(path["needle"]["artefact_mm"] > 0 for path in target["trajectories"])
    assert plan["state"] == "draft"
    assert not plan["is_releasable"]
    assert any("MR does not show bone" in line for line in plan["warnings"])


def test_dciodvfy_finds_no_error_in_any_object_of_either_plan(site: Site):
    assert len(site.fetched) == 16
    for file in site.fetched:
        complaints = [line for line in run("dciodvfy", file).stderr.splitlines() if line.startswith("Error")]
        assert complaints == [], f"{pydicom.dcmread(file, stop_before_pixels=True).Modality}: {complaints}"
