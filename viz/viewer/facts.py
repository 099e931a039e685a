"""What stands beside the pictures: identity, state, paths, clearances, the depth strip; plain values a page can show.

In: a session, the anatomy, a language. Out: dictionaries of words and numbers. Every number has its unit beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np

from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray
from planner.plan import Clearance, Plan, PlannedTrajectory, Probability
from planner.structures import Structure
from viz.palette import CONTOURS
from viz.viewer.session import Judged, Session, one_row_each
from viz.viewer.words import Language, pose_words, side_words, structure_words, texts

_STRIP_STEP_MM = 0.5
_ROUNDED = 0.1
"""From here on a probability is shown in whole percent in the list."""

_AIR = "#11131a"
_SOFT = {
    Structure.BODY: (168, 140, 118),
    Structure.SKIN: (224, 172, 140),
    Structure.MUSCLE: (150, 84, 78),
    Structure.PSOAS: (150, 84, 78),
    Structure.CRUS: (150, 84, 78),
    Structure.DISC: (120, 130, 170),
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose images: always on the page; without a patient the images name nobody."""

    patient: str
    study: str
    series: str = ""
    procedure: str = ""


Say: TypeAlias = Callable[[str], str]
"""How the planner's own words are said."""

Places = Callable[[FloatArray], tuple[str, str]]
"""What the images call the slice at a point, and the table position; empty where they do not say."""


def banner(plan: Plan | None, *, is_signed: bool, language: Language) -> list[str]:
    """What must not be missed, the worst first."""
    words = texts(language)
    if plan is None:
        return [words["waiting"]]
    lines = [words["released" if is_signed else "draft"]]
    if plan.is_rehearsal:
        scan, treated = (pose_words(pose, language) for pose in (plan.scan_position.pose, plan.treatment_pose))
        lines.append(words["rehearsal"].format(scan=scan, treated=treated))
    if plan.not_checked:
        names = ", ".join(structure_words(structure, language) for structure in plan.not_checked)
        lines.append(f"{words['not_checked']}: {names}")
    return lines


def path_rows(session: Session | None, say: Say = str) -> list[dict[str, Any]]:
    """The list of paths; the chosen one marked, a path by hand last."""
    if session is None:
        return []
    now = session.now
    rows = [
        _path_row(path, is_chosen=index == now.path_index, index=index, is_known=True)
        | {"merits": ", ".join(map(say, path.merits))}
        for index, path in enumerate(now.target.trajectories)
    ]
    if now.path_index is None and now.judged is not None:
        rows.append(_path_row(now.judged.path, is_chosen=True, index=-1, is_known=now.judged.is_tolerance_known))
    return rows


def _path_row(path: PlannedTrajectory, *, is_chosen: bool, index: int, is_known: bool) -> dict[str, Any]:
    spare = min((row.spare_mm for row in path.clearances), default=np.inf)
    return {
        "index": index,
        "chosen": is_chosen,
        "depth": f"{path.length_mm:.1f}",
        "oblique": _signed(path.obliquity_deg),
        "tilt": _signed(path.tilt_deg),
        "tolerance": f"{path.tolerance_deg:.1f}" if is_known else "...",
        "room": f"{spare:+.1f}" if np.isfinite(spare) else "-",
        "floor": "-" if path.floor_angle_deg is None else f"{path.floor_angle_deg:.0f}",
        "contact": "-" if path.risk is None else _percent(path.risk.any_contact),
        "merits": "",
        "ok": bool(spare >= 0),
    }


def _signed(angle_deg: float) -> str:
    """*+40.0*; nothing is shown as minus zero."""
    return f"{round(angle_deg, 1) + 0.0:+.1f}"


def path_facts(judged: Judged | None, places: Places, language: Language, say: Say = str) -> list[list[str]]:
    """Label and value of everything that is set at the scanner."""
    if judged is None:
        return []
    words, path = texts(language), judged.path
    floor = words["floor_unknown"] if path.floor_angle_deg is None else f"{path.floor_angle_deg:.1f}°"
    entry_slice, table = places(path.entry_mm)
    target_slice, _ = places(path.target_mm)
    return [
        [words["entry"], _midline(path, words)],
        *([["", say(str(path.landmark))]] if path.landmark is not None else []),
        ["", f"{words['slice']} {entry_slice or words['not_in_images']}"],
        [words["target"], f"{words['slice']} {target_slice or words['not_in_images']}"],
        [words["table"], table or words["not_in_images"]],
        [words["needle_word"], str(path.needle)],
        [words["floor"], floor],
        *_forgiving(judged, words, say),
    ]


def _forgiving(judged: Judged, words: dict[str, str], say: Say) -> list[list[str]]:
    """How far the hand may err, how likely it does harm, where to look again, how to turn the bevel."""
    path, unknown = judged.path, words["not_measured"]
    shift = unknown if path.entry_tolerance_mm is None else f"{path.entry_tolerance_mm:.1f} mm"
    rows = [[words["entry_shift"], shift]]
    if path.risk is None:
        return [*rows, [words["contact"], unknown], *_bevel(path, words, say)]
    risk = path.risk
    rows += [
        [words["contact"], say(str(risk.any_contact))],
        [words["missed"], say(str(risk.target_missed))],
        ["", f"{words['guided']}: {say(risk.guidance)}"],
    ]
    if risk.checkpoints_mm:
        depths = ", ".join(f"{depth:.0f}" for depth in risk.checkpoints_mm)
        rows += [
            [words["checkpoints"], f"{depths} mm"],
            [
                "",
                f"{words['with_checkpoints']}: {say(str(risk.with_checkpoints))}; {say(str(risk.missed_with_checkpoints))}",
            ],
        ]
    return [*rows, *_bevel(path, words, say)]


def _bevel(path: PlannedTrajectory, words: dict[str, str], say: Say) -> list[list[str]]:
    return [] if path.bend is None else [[words["bevel"], say(str(path.bend))]]


def _percent(probability: Probability) -> str:
    """Short, for a column: the interval stands with the chosen path."""
    if not probability.n:
        return f"<{100 * probability.high:.1g}"
    return f"{100 * probability.value:.0f}" if probability.value >= _ROUNDED else f"{100 * probability.value:.1f}"


def together_rows(session: Session | None) -> list[str]:
    """Several needles: which go together, in which order."""
    return [] if session is None else list(session.now.plan.placing)


def target_rows(session: Session | None, language: Language, say: Say = str) -> list[dict[str, Any]]:
    """The targets of one plan, where there are several."""
    if session is None or len(session.now.plan.targets) < 2:
        return []
    index = session.now.target_index
    names = [target_words(session.now.plan, number, language, say) for number in range(len(session.now.plan.targets))]
    return [{"index": number, "words": words, "chosen": number == index} for number, words in enumerate(names)]


def _midline(path: PlannedTrajectory, words: dict[str, str]) -> str:
    offset = path.entry_from_midline_mm
    if offset is None:
        return words["midline_none"]
    return f"{abs(offset):.1f} {words['midline_left' if offset >= 0 else 'midline_right']}"


def clearance_rows(judged: Judged | None, language: Language) -> list[dict[str, Any]]:
    """One row for each structure and level: what is kept, what is required."""
    if judged is None:
        return []
    return [
        {
            "name": clearance_name(row, language),
            "clearance": f"{row.clearance_mm:.1f}",
            "required": f"{row.margin_mm:.1f}",
            "spare": f"{row.spare_mm:+.1f}",
            "depth": f"{row.depth_mm:.0f}",
            "depth_mm": row.depth_mm,
            "ok": bool(row.spare_mm >= 0),
        }
        for row in one_row_each(judged.path)
    ]


def clearance_name(row: Clearance, language: Language) -> str:
    """*Wirbel L4*, *Nervenwurzel L3 links*."""
    side = side_words(row.side, language) if row.side is not None else ""
    return " ".join(str(word) for word in (structure_words(row.structure, language), row.level, side) if word)


def depth_strip(judged: Judged | None, anatomy: Anatomy, language: Language) -> dict[str, Any]:
    """Tissue along the needle as shares of its length, and where it comes closest to what."""
    if judged is None:
        return {"pieces": [], "marks": []}
    path = judged.path
    count = max(2, round(path.length_mm / _STRIP_STEP_MM))
    share = (np.arange(count) + 0.5)[:, None] / count
    values = anatomy.labels.nearest(path.entry_mm + share * (path.target_mm - path.entry_mm)).tolist()
    found = [anatomy.labels.entries[v].structure if v in anatomy.labels.entries else None for v in values]
    pieces = [
        {
            "share": 100 * len(list(run)) / count,
            "colour": colour(structure),
            "name": "" if structure is None else structure_words(structure, language),
        }
        for structure, run in groupby(found)
    ]
    marks = [
        {
            "at": 100 * row.depth_mm / path.length_mm,
            "name": f"{clearance_name(row, language)} {row.clearance_mm:.1f} mm",
            "ok": bool(row.spare_mm >= 0),
            "binding": row is path.binding,
        }
        for row in one_row_each(path)[:6]
    ]
    return {"pieces": pieces, "marks": marks}


def colour(structure: Structure | None) -> str:
    """As CSS."""
    if structure is None:
        return _AIR
    red, green, blue = CONTOURS.get(structure, _SOFT.get(structure, (110, 110, 110)))
    return f"rgb({red},{green},{blue})"


def target_words(plan: Plan | None, index: int, language: Language, say: Say = str) -> str:
    """*Wurzel L4, Foramen L4/L5, LINKS*."""
    if plan is None:
        return ""
    target, words = plan.targets[index], texts(language)
    place = say(target.what) if target.what else f"{words['root']} {target.root}, Foramen {target.between}"
    return f"{place}, {side_words(target.side, language).upper()}"


def rejected_rows(session: Session | None) -> list[list[str]]:
    """Why no path is safe: directions rejected by rule, most first."""
    if session is None or session.now.target.trajectories:
        return []
    counts = sorted(session.now.target.rejected.items(), key=lambda item: -item[1])
    return [[name, str(count)] for name, count in counts]
