"""Who judges paths by hand, target by target; made at the first question.

In: an anatomy, a site's values, a plan. Out: a ``JudgeOfTarget``, the same one for the same target.
"""

from __future__ import annotations

import threading

from planner.anatomy.model import Anatomy
from planner.plan import Plan
from planner.procedure import Procedure
from planner.procedures import PROCEDURES
from planner.site import Site
from service.errors import RequestError
from service.viewing.judging import JudgeOfTarget


def own_procedure(key: str, site: Site) -> Procedure:
    """A procedure with the site's own values."""
    if key not in PROCEDURES:
        raise RequestError(f"procedure {key!r} is not known; valid: {', '.join(sorted(PROCEDURES))}")
    return site.own(PROCEDURES[key])


class Judges:
    """Of one anatomy."""

    def __init__(self, anatomy: Anatomy, site: Site) -> None:
        self._anatomy, self._site = anatomy, site
        self._made: dict[tuple[str, str], JudgeOfTarget] = {}
        self._making = threading.Lock()

    def of(self, plan: Plan, target_index: int) -> JudgeOfTarget:
        """The judge of one target; made once."""
        target = plan.targets[target_index]
        key = (plan.procedure, target.words)
        with self._making:
            if key not in self._made:
                procedure = own_procedure(plan.procedure, self._site)
                self._made[key] = JudgeOfTarget.of(
                    self._anatomy, target, procedure, is_rehearsal=plan.is_rehearsal, site=self._site
                )
            return self._made[key]
