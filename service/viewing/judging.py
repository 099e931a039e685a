"""A path drawn by hand, judged as the planner judges its own: exact clearances, every hard limit, tolerance.

In: an anatomy, one target of a plan, a wished entry and tip, LPS mm. Out: the path from the skin, with the limits it breaks.
Obstacles and their surfaces are made once for each target, so that a drag is answered in tens of milliseconds.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

import numpy as np

from planner.advice import told
from planner.anatomy.model import Anatomy
from planner.clearance import MEASURED_TO_MM, Surface, surfaces_in
from planner.costs import WEIGHTS, costs, weighted
from planner.errors import LevelNotFoundError, PlannerError
from planner.geometry import FloatArray, frozen, obliquity_deg, tilt_deg, unit
from planner.hand.entry_shift import entry_tolerance_mm
from planner.hand.robustness import tolerance_deg
from planner.hosts import without_hosts
from planner.landmarks import spinous_processes_mm
from planner.measure import clearances_of
from planner.obstacles import find_obstacles, hardened, obstacle_at, ordered, with_roots
from planner.plan import Clearance, Plan, PlannedTrajectory, TargetPlan
from planner.planning import approach_for, needle_groups, plan_prepared
from planner.prepared import Prepared
from planner.procedure import Needle, Procedure
from planner.procedures import PROCEDURES
from planner.rules import hard_limits
from planner.search import screen, sweep
from planner.sentences import explanation, floor_angle_deg
from planner.site import PLAIN, Site
from planner.situation import Candidates, Feasible, Situation
from planner.skin import exact_exit
from planner.sweep.fan import STEP, Exit
from planner.targets import Target, TargetRequest, find_targets
from planner.trajectories import Trajectories
from viz.viewer.session import Judged

TIP_BY_HAND = "; tip placed by hand"
NOT_TOGETHER = "A target was moved by hand: its needle is not checked against the others."

UNKNOWN_TOLERANCE_DEG = 0.0
"""Until it is measured: promises nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgeOfTarget:
    """Judges any path to one target; callable as ``viz.viewer.session.Judge``."""

    situation: Situation
    longest_mm: float
    surfaces: tuple[Surface, ...]
    """With their voxels as small whole numbers: they are held as long as a page is open, and measured a few at a time."""

    @classmethod
    def of(
        cls,
        anatomy: Anatomy,
        planned: TargetPlan,
        procedure: Procedure,
        *,
        is_rehearsal: bool,
        site: Site = PLAIN,
        known: Target | None = None,
    ) -> JudgeOfTarget:
        """Everything that stays fixed while a path to this target is moved; ``known``: the target, found before."""
        anatomy = ordered(anatomy)
        target = target_of(anatomy, planned, procedure) if known is None else known
        labels = without_hosts(with_roots(anatomy), target)
        groups = needle_groups(procedure)
        found = find_obstacles(anatomy, labels, procedure, target.between, target.side)
        obstacles = hardened(found, site.margin_growth)
        midline = spinous_processes_mm(anatomy, float(target.point_mm[2]))
        needles = _needles_of(planned, groups)
        situation = Situation(
            target,
            procedure,
            approach_for(procedure, target),
            needles,
            obstacles,
            midline,
            is_rehearsal,
            anatomy,
            labels,
            site,
        )
        longest_mm = needles[-1].length_mm + MEASURED_TO_MM
        low, high = _box(situation, target.point_mm, longest_mm)
        box = obstacle_at(obstacles)[labels.labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]]
        surfaces = surfaces_in(labels.geometry, box, low, len(obstacles))
        return cls(situation, longest_mm, tuple(replace(one, voxels=one.voxels.astype(np.int16)) for one in surfaces))

    def __call__(self, entry_mm: FloatArray, target_mm: FloatArray) -> Judged | None:
        """The path from the skin towards a wished entry; None where no skin lies that way."""
        found = self._candidate(entry_mm, target_mm)
        if found is None:
            return None
        candidate, clearances = found
        feasible = Feasible(candidate, np.array([UNKNOWN_TOLERANCE_DEG]))
        return Judged(_path(feasible, clearances), _broken(candidate), is_tolerance_known=False)

    def settled(self, judged: Judged, prepared: Prepared) -> Judged:
        """The same path with what a sweep around its tip tells: tolerance, entry shift, risk, bend; a second."""
        path = judged.path
        outward = unit(path.entry_mm - path.target_mm)
        moved = prepared.moved(path.target_mm[None])
        situation = next(one for one in moved.situations if path.needle in one.needles)
        screened = screen(situation, sweep(situation, moved.reach, moved.faces))
        forgiven = np.zeros(1) if judged.broken else tolerance_deg(outward[None], screened.borders[0], STEP)
        shift = 0.0 if judged.broken else float(entry_tolerance_mm(path.entry_mm[None], screened.rims[0])[0])
        candidate, clearances = self._measured(path.entry_mm, path.target_mm, Exit.SKIN)
        settled = replace(_path(Feasible(candidate, forgiven), clearances), entry_tolerance_mm=shift)
        (advised,) = told((settled,), situation, moved.kept)
        return Judged(replace(advised, merits=()), judged.broken)

    def _candidate(self, entry_mm: FloatArray, target_mm: FloatArray) -> tuple[Candidates, list[Clearance]] | None:
        target_mm = np.asarray(target_mm, dtype=np.float64)
        outward = unit(np.asarray(entry_mm) - target_mm)
        if not outward.any():
            return None
        surroundings, is_rehearsal = self.situation.anatomy.surroundings, self.situation.is_rehearsal
        depth, kind = exact_exit(surroundings, target_mm, outward, self.longest_mm, table_is_air=is_rehearsal)
        if kind is Exit.BEYOND_REACH or depth <= 0:
            return None
        return self._measured(target_mm + depth * outward, target_mm, kind)

    def _measured(self, skin_mm: FloatArray, target_mm: FloatArray, kind: Exit) -> tuple[Candidates, list[Clearance]]:
        """One path with its exact clearances."""
        situation = replace(self.situation, target=replace(self.situation.target, tips_mm=frozen(target_mm[None])))
        rows = clearances_of(situation, self._near(skin_mm, target_mm), skin_mm, target_mm)
        binding = min(rows, key=lambda row: row[1].spare_mm, default=None)
        candidate = Candidates(
            situation,
            Trajectories(skin_mm[None], target_mm[None]),
            np.array([0]),
            np.array([int(kind)]),
            np.array([np.inf if binding is None else binding[1].spare_mm]),
            np.array([-1 if binding is None else binding[0]]),
        )
        return candidate, [row for _, row in rows]

    def _near(self, entry_mm: FloatArray, target_mm: FloatArray) -> tuple[Surface, ...]:
        """Surfaces in the box around the path that can be measured."""
        grid = self.situation.labels.geometry
        ends = grid.indices(np.stack([entry_mm, target_mm]))
        margin = (MEASURED_TO_MM + 1.0) / grid.spacing_mm
        low, high = ends.min(axis=0) - margin, ends.max(axis=0) + margin
        return tuple(
            replace(one, voxels=one.voxels[((one.voxels >= low) & (one.voxels <= high)).all(axis=1)].astype(np.float64))
            for one in self.surfaces
        )


def target_of(anatomy: Anatomy, planned: TargetPlan, procedure: Procedure) -> Target:
    """The target a plan was made for, found again by the same words."""
    level = str(planned.between) if planned.between.is_named else f"@{float(planned.point_mm[2])}"
    found = find_targets(anatomy, procedure, TargetRequest(planned.side, level=level))
    same = [target for target in found if target.words == planned.words]
    if not same:
        raise LevelNotFoundError(
            planned.words, ", ".join(one.words for one in found) or "none", "plan the series again"
        )
    return same[0]


def targets_of(anatomy: Anatomy, plan: Plan) -> tuple[Target, ...]:
    """Every target of a plan of our own, found again; one that is not is looked for, and refused, where a hand moves its path."""
    found = []
    for planned in plan.targets:
        with contextlib.suppress(PlannerError):
            found.append(target_of(anatomy, planned, PROCEDURES[plan.procedure]))
    return tuple(found)


def replanned(old: Plan, target_index: int, prepared: Prepared, tip_mm: FloatArray | None) -> Plan:
    """The plan with one target's tip where a person put it, or the planner's own tips searched anew.

    No distance map is made where a placed tip lies near enough.
    """
    planned = old.targets[target_index]
    found = plan_prepared(prepared if tip_mm is None else prepared.moved(np.asarray(tip_mm)[None]))
    paths = found.plan.trajectories
    if found.searched is not None and found.prepared is not None and paths:
        paths = told(paths, found.searched.situation, found.prepared.kept)
    by_hand = planned.chosen_by.removesuffix(TIP_BY_HAND) + ("" if tip_mm is None else TIP_BY_HAND)
    new = replace(
        planned,
        point_mm=found.plan.point_mm if tip_mm is None else frozen(tip_mm),
        trajectories=paths,
        rejected=found.plan.rejected,
        examined=found.plan.examined,
        chosen_by=by_hand,
        relaxations=(),
    )
    targets = (*old.targets[:target_index], new, *old.targets[target_index + 1 :])
    if len(targets) == 1:
        return replace(old, targets=targets)
    blockers = (*(one for one in old.release_blockers if one != NOT_TOGETHER), NOT_TOGETHER)
    return replace(old, targets=targets, placing=(), together=(), release_blockers=blockers)


def _needles_of(planned: TargetPlan, groups: tuple[tuple[Needle, ...], ...]) -> tuple[Needle, ...]:
    chosen = planned.trajectories[0].needle if planned.trajectories else None
    return next((group for group in groups if chosen in group), groups[0])


def _box(
    situation: Situation, centre_mm: FloatArray, reach_mm: float
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """First and one past the last index of the voxels that a needle can reach."""
    grid = situation.labels.geometry
    middle, half = grid.indices(centre_mm), reach_mm / grid.spacing_mm
    low = np.clip(np.floor(middle - half), 0, np.array(grid.shape) - 1).astype(int).tolist()
    high = np.clip(np.ceil(middle + half) + 1, 1, grid.shape).astype(int).tolist()
    return (low[0], low[1], low[2]), (high[0], high[1], high[2])


def _broken(candidate: Candidates) -> tuple[tuple[str, float, str], ...]:
    rules = hard_limits(candidate.situation.obstacles, candidate.situation.site)
    margins = [(rule, float(rule.margin(candidate)[0])) for rule in rules]
    return tuple((rule.name, margin, rule.unit) for rule, margin in margins if margin < 0)


def _path(feasible: Feasible, clearances: list[Clearance]) -> PlannedTrajectory:
    candidate, situation = feasible.candidates, feasible.candidates.situation
    path = candidate.paths
    length, direction = float(path.lengths_mm[0]), path.directions[0]
    own_units = costs(feasible)
    midline = float(situation.midline_x_mm(path.entries_mm[:, 2])[0])
    fitting = (n for n in situation.needles if n.length_mm >= length + situation.procedure.hub_reserve_mm)
    pose = situation.procedure.treatment_pose
    planned = PlannedTrajectory(
        rank=0,
        entry_mm=frozen(path.entries_mm[0]),
        target_mm=frozen(path.targets_mm[0]),
        length_mm=length,
        obliquity_deg=float(obliquity_deg(direction)),
        tilt_deg=float(tilt_deg(direction)),
        needle=next(fitting, situation.needles[-1]),
        clearances=tuple(sorted(clearances, key=lambda row: (not row.is_hard, row.spare_mm))),
        tolerance_deg=float(feasible.tolerance_deg[0]),
        costs={cost.name: float(value) for (cost, _), value in zip(WEIGHTS, own_units[0], strict=True)},
        cost=float(weighted(own_units)[0]),
        entry_from_midline_mm=None if np.isnan(midline) else float(path.entries_mm[0, 0]) - midline,
        floor_angle_deg=None if situation.is_rehearsal else floor_angle_deg(direction, pose),
        sentence="",
    )
    return replace(planned, sentence=explanation(planned, situation.target))
