"""Earlier plans of the same patient, as the plan's file beside a kept case names them.

In: the folder of a kept case. Out: what the page shows beside the new plan; their points lie in other scans and are not drawn.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from service.documents import EarlierPlanDocument, EarlierTargetDocument
from viz.viewer.host import Earlier

PLAN_FILE = "plan.json"


def earlier_plans(folder: Path) -> tuple[Earlier, ...]:
    """The latest first; none where no file says so."""
    file = folder.parent / PLAN_FILE
    if not file.is_file():
        return ()
    try:
        kept = json.loads(file.read_text(encoding="utf-8")).get("earlier_plans", [])
        found = [EarlierPlanDocument.model_validate(one) for one in kept]
    except (ValueError, ValidationError):
        return ()
    return tuple(Earlier(one.content_date, one.title, one.joined_by, tuple(map(_target, one.targets))) for one in found)


def _target(target: EarlierTargetDocument) -> str:
    """*L4 root, left: 22 G 90 mm, 71.3 mm deep, 31.2° oblique, 2.0° tilt*; a target without a path stands alone."""
    if target.length_mm is None:
        return target.words
    angles = f"{target.obliquity_deg:.1f}° / {target.tilt_deg:.1f}°" if target.obliquity_deg is not None else ""
    return f"{target.words}: {target.needle}, {target.length_mm:.1f} mm, {angles}".rstrip(", ")
