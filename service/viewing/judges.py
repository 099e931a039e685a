"""Who judges paths by hand, target by target; made at the first question.

In: an anatomy, a site's values, a plan. Out: a ``JudgeOfTarget``, the same one for the same target.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from planner.anatomy.model import Anatomy
from planner.plan import Plan
from planner.procedure import Procedure
from planner.procedures import PROCEDURES
from planner.procedures.on_mr import on_modality
from planner.site import Site
from planner.target import Target
from planner.volume import Modality
from service.errors import RequestError
from service.viewing.judging import JudgeOfTarget

NONE_KNOWN: Mapping[tuple[str, str], Target] = {}


def own_procedure(key: str, site: Site, modality: Modality = Modality.CT) -> Procedure:
    """A procedure with the site's own values, for this image's scanner."""
    if key not in PROCEDURES:
        raise RequestError(f"procedure {key!r} is not known; valid: {', '.join(sorted(PROCEDURES))}")
    return on_modality(site.own(PROCEDURES[key]), modality)


class Judges:
    """Of one anatomy; ``known`` targets were found in it before, and are not looked for again."""

    def __init__(self, anatomy: Anatomy, site: Site, known: Mapping[tuple[str, str], Target] = NONE_KNOWN) -> None:
        self._anatomy, self._site = anatomy, site
        self._known = known
        self._made: dict[tuple[str, str], JudgeOfTarget] = {}
        self._making = threading.Lock()

    def of(self, plan: Plan, target_index: int) -> JudgeOfTarget:
        """The judge of one target; made once."""
        target = plan.targets[target_index]
        key = (plan.procedure, target.words)
        with self._making:
            if key not in self._made:
                procedure = own_procedure(plan.procedure, self._site, self._anatomy.modality)
                self._made[key] = JudgeOfTarget.of(
                    self._anatomy,
                    target,
                    procedure,
                    is_rehearsal=plan.is_rehearsal,
                    site=self._site,
                    known=self._known.get(key),
                )
            return self._made[key]
