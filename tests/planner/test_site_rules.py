"""What a site adds: regions of skin, bore, table, tilt; each in its own unit, refusal next to success."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.model import Anatomy
from planner.errors import GeometryError
from planner.keep_outs import OUTLINE_DEPTH_MM, Ball, Outline
from planner.obstacles import find_obstacles
from planner.planning import approach_for, needle_groups
from planner.procedures import PROCEDURES
from planner.rules.above_table import AboveTable
from planner.rules.entry_keep_outs import EntryKeepOut
from planner.rules.hub_in_bore import HubInBore
from planner.rules.in_gantry_plane import InGantryPlane
from planner.site import PLAIN, Bore, Site, Table
from planner.sitting.hubs import hub_ends_mm
from planner.sitting.several import HUB_LENGTH_MM
from planner.situation import Candidates, Situation
from planner.structures import Side
from planner.targets import TargetRequest, find_targets
from planner.trajectories import Trajectories

PRT = PROCEDURES["prt"]
SQUARE = Outline("scar", np.array([[0, 100, 0], [20, 100, 0], [20, 100, 10], [0, 100, 10]], float))


@pytest.fixture(scope="module")
def situation(anatomy: Anatomy) -> Situation:
    (target,) = find_targets(anatomy, PRT, TargetRequest(Side.LEFT, root="L4"))
    obstacles = find_obstacles(anatomy, anatomy.labels, PRT, target.between, target.side)
    needles = needle_groups(PRT)[0]
    approach = approach_for(PRT, target)
    return Situation(target, PRT, approach, needles, obstacles, np.empty((0, 3)), False, anatomy, anatomy.labels)


def candidates(situation: Situation, tip: tuple[float, ...], entries: list[tuple[float, ...]]) -> Candidates:
    n = len(entries)
    paths = Trajectories(np.array(entries), np.repeat(np.array([tip]), n, axis=0))
    return Candidates(situation, paths, np.zeros(n, int), np.zeros(n, int), np.ones(n), np.zeros(n, int))


def test_a_ball_and_an_outline_answer_in_signed_millimetres() -> None:
    points = np.array([[10, 100, 5], [10, 100, 15], [26, 100, 18], [10, 100, 4], [10, 104, 15]], float)
    assert SQUARE.distance_mm(points) == pytest.approx([-5, 5, 10, -4, 5])
    ball = Ball("wound", np.array([0.0, 100.0, 0.0]), 15.0)
    assert ball.distance_mm(np.array([[0, 100, 0], [20, 100, 0]], float)) == pytest.approx([-15, 5])


def test_an_outline_does_not_bind_skin_that_faces_elsewhere() -> None:
    far = np.array([[10, 100 - OUTLINE_DEPTH_MM - 1, 5]], float)
    assert SQUARE.distance_mm(far).tolist() == [np.inf]


def test_an_outline_may_be_drawn_either_way_round_and_hollow() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform([-5, 99, -5], [25, 101, 15], (300, 3))
    backwards = Outline("scar", SQUARE.corners_mm[::-1])
    assert backwards.distance_mm(points) == pytest.approx(SQUARE.distance_mm(points))
    hollow = Outline(
        "u", np.array([[0, 0], [30, 0], [30, 30], [20, 30], [20, 10], [10, 10], [10, 30], [0, 30]]) @ np.eye(2, 3)
    )
    assert (hollow.distance_mm(np.array([[15.0, 20, 0], [5, 20, 0]])) > 0).tolist() == [True, False]


def test_an_outline_of_two_points_is_refused() -> None:
    with pytest.raises(GeometryError, match="at least three points"):
        Outline("line", np.zeros((2, 3)))


def test_an_entry_keeps_its_reserve_to_a_scar(situation: Situation) -> None:
    found = candidates(situation, (10, 30, 5), [(10, 100, 5), (10, 100, 12), (10, 100, 15)])
    rule = EntryKeepOut(SQUARE, 3.0)
    assert rule.name == "entry: scar"
    assert rule.margin(found) == pytest.approx([-8, -1, 2])


def test_the_hub_ends_beyond_the_needle_that_is_taken(situation: Situation) -> None:
    found = candidates(situation, (0, 0, 0), [(0, 60, 0), (0, 95, 0)])  # 90 mm, then 120 mm: 10 mm stay outside
    assert hub_ends_mm(found)[:, 1] == pytest.approx([90 + HUB_LENGTH_MM, 120 + HUB_LENGTH_MM])


def test_the_hub_stays_inside_the_bore(situation: Situation) -> None:
    found = candidates(situation, (0, 0, 0), [(0, 60, 0), (0, 95, 0)])
    rule = HubInBore(Bore(centre_x_mm=0.0, centre_y_mm=-200.0, radius_mm=340.0))
    assert rule.margin(found) == pytest.approx([20, -10])
    rehearsal = replace(found, situation=replace(situation, is_rehearsal=True))
    assert rule.margin(rehearsal).tolist() == [np.inf, np.inf]


def test_the_hub_stays_a_hand_above_the_table(situation: Situation) -> None:
    found = candidates(situation, (0, 0, 0), [(60, 0, 0), (42, 42, 0)])  # prone: posterior is up
    rule = AboveTable(Table(top_mm=-40.0, hand_mm=50.0))
    assert rule.margin(found) == pytest.approx([-10, (90 + HUB_LENGTH_MM) * np.sqrt(0.5) - 10])


def test_the_gantry_s_tilt_answers_in_degrees(situation: Situation) -> None:
    found = candidates(situation, (0, 0, 0), [(0, 60, 0), (0, 60, -60)])
    assert InGantryPlane(30.0).margin(found) == pytest.approx([30, -15])


def test_what_is_unknown_or_left_out_is_said() -> None:
    assert PLAIN.not_applied == ("Not applied, as unknown: reach of gantry bore and table.",)
    known = Site(bore=Bore(0, 0, 350), table=Table(-100), left_out=frozenset({"entry across the midline"}))
    assert known.not_applied == ("LEFT OUT by the site: entry across the midline.",)
