"""What an open case holds in memory: nothing that is only needed to find a target, and no page of a mapped file that nobody looks at."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from planner.procedures import PROCEDURES
from service.viewing.judging import target_of, targets_of
from service.viewing.keeping import KeptCase, keep, keep_plan, keep_targets, open_kept, open_targets
from service.viewing.memory import let_go
from tests.end_to_end.browsing import phantom_case

pytestmark = pytest.mark.graphics

_PROGRAM = """
import sys
from pathlib import Path
from service.viewing.job import Job
from service.viewing.opened import open_page
desk = open_page(Path(sys.argv[1]), Job(sys.argv[1], "", is_read_only=False)).page.desk
desk.picture("axial")
plan, path = desk.session.now.plan, desk.path
desk._planning.prepare(plan, 0)
judged = desk._planning.judge(plan, 0, path.entry_mm + 1.0, path.target_mm)
desk._planning._errands.rest()
print("SimpleITK" in sys.modules, judged is not None)
"""


@pytest.fixture(scope="module")
def case() -> KeptCase:
    return phantom_case()


@pytest.fixture
def folder(case: KeptCase, tmp_path: Path) -> Path:
    assert case.plan is not None
    keep(tmp_path, case)
    keep_targets(tmp_path, case.plan.procedure, targets_of(case.anatomy, case.plan))
    return tmp_path


def test_a_kept_target_is_the_one_that_is_found(case: KeptCase, folder: Path):
    assert case.plan is not None
    planned = case.plan.targets[0]
    kept = open_targets(folder)[case.plan.procedure, planned.words]
    found = target_of(case.anatomy, planned, PROCEDURES[case.plan.procedure])
    assert kept.words == found.words
    assert kept.cones == found.cones
    assert np.array_equal(kept.tips_mm, found.tips_mm)
    assert np.array_equal(kept.frame.lateral, found.frame.lateral)


def test_targets_of_a_plan_are_forgotten_with_it(case: KeptCase, folder: Path):
    assert case.plan is not None
    keep_plan(folder, case.plan)
    assert open_targets(folder) == {}


@pytest.mark.slow
def test_a_planned_case_is_opened_and_a_path_judged_without_simpleitk(folder: Path):
    done = subprocess.run([sys.executable, "-c", _PROGRAM, folder], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_what_is_let_go_is_mapped_again_where_somebody_looks(folder: Path):
    voxels = open_kept(folder).volume.voxels
    before = int(voxels.astype(np.int64).sum())
    assert mapped_kb(folder) > 1000
    let_go(voxels)
    assert mapped_kb(folder) == 0
    assert int(voxels.astype(np.int64).sum()) == before


def test_only_a_file_mapped_for_reading_is_let_go(tmp_path: Path):
    np.save(tmp_path / "own.npy", np.zeros(2**18, np.int16))
    own = np.load(tmp_path / "own.npy", mmap_mode="c")
    own[:] = 7
    let_go(own, np.ones(3))
    assert (own == 7).all()


def mapped_kb(folder: Path) -> int:
    """Of the volume's file, in this process."""
    found, is_ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            is_ours = line.endswith(str(folder / "array-0.npy"))
        elif is_ours and words[0] == "Rss:":
            found += int(words[1])
    return found
