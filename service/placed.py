"""Which path of each target is shown: the one that goes with the other needles, else the best."""

from __future__ import annotations

from planner.plan import Plan, PlannedTrajectory, TargetPlan


def placed_path(plan: Plan, number: int) -> PlannedTrajectory | None:
    """The path that is placed to a target; None where no path is safe."""
    paths = plan.targets[number].trajectories
    rank = plan.together[number] if plan.together else 0
    return next((path for path in paths if path.rank == rank), paths[0] if paths else None)


def first_placed(plan: Plan) -> tuple[TargetPlan, PlannedTrajectory] | None:
    """The first target that has a path, with the path; what pictures show."""
    found = ((target, placed_path(plan, number)) for number, target in enumerate(plan.targets))
    return next(((target, path) for target, path in found if path is not None), None)
