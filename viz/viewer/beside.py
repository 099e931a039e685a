"""Every value beside the pictures in one dictionary, as the page's template names them.

In: a desk, its host, a language. Out: plain words, numbers and lists.
"""

from __future__ import annotations

from typing import Any

from planner.structures import Side, Structure
from viz.palette import CONTOURS
from viz.viewer import facts
from viz.viewer.desk import Desk
from viz.viewer.earlier import earlier_values
from viz.viewer.facts import Say
from viz.viewer.host import Host
from viz.viewer.keys import keys
from viz.viewer.looks import OBLIQUE
from viz.viewer.offer import nearest
from viz.viewer.release import release_values
from viz.viewer.session import Judged, Session
from viz.viewer.words import Language, rule_words, side_words, structure_words, texts


def page_values(desk: Desk, host: Host, language: Language) -> dict[str, Any]:
    """Everything that is said; how the pictures look is not in it."""
    say = host.says(language)
    return {
        **_of_case(desk.session, host, language),
        **_of_path(desk.judged, desk, host, language),
        **release_values(desk.session, host.signing, language, say),
        "t": texts(language),
        "language": str(language),
        "keys": keys(language),
        "message": texts(language).get(desk.message) or say(desk.message),
        "outlines": desk.looks.shows_outlines,
        "anterior_up": desk.looks.anterior_up,
        "tool": str(desk.tool),
        "structures": [
            [str(one), structure_words(one, language), _hex(desk, one), one in desk.looks.hidden]
            for one in desk.scan.outlined
        ],
        "brush": ["" if desk.brushed is None else str(desk.brushed), desk.brush_mm],
        "corrections": [] if desk.session is None else [say(one.words) for one in desk.session.now.corrections],
        "skin": _skin_rows(desk, language),
        **earlier_values(desk.case.earlier, desk.looks.blend, language, say),
        "can": _can(desk.session, host),
        "procedures": [[key, say(title)] for key, title in host.choice.procedures],
        **_of_choice(desk, language, say),
        "doubts": list(host.choice.doubts),
        "earlier": [
            [one.date, say(one.title), say(one.joined_by), list(map(say, one.targets))] for one in host.earlier
        ],
    }


def _of_case(session: Session | None, host: Host, language: Language) -> dict[str, Any]:
    plan = None if session is None else session.now.plan
    identity, say = host.identity, host.says(language)
    return {
        "identity": _identity(identity, language),
        "target": facts.target_words(plan, 0 if session is None else session.now.target_index, language, say),
        "procedure": "" if plan is None else say(plan.title),
        "banner": facts.banner(
            plan, is_signed=session is not None and session.signature is not None, language=language
        ),
        "read_only": host.is_read_only,
        "waiting": session is None,
        "paths": facts.path_rows(session, say),
        "rejected": [[rule_words(name, language), count] for name, count in facts.rejected_rows(session)],
        "relaxations": [] if session is None else list(map(say, session.now.target.relaxations)),
        "together": list(map(say, facts.together_rows(session))),
        "targets": facts.target_rows(session, language, say),
    }


def _identity(one: facts.Identity, language: Language) -> dict[str, str]:
    """Nothing of the images is turned into another language."""
    words = texts(language)
    if not one.patient:
        return {"patient": words["no_patient"], "study": words["no_dicom"], "series": ""}
    return {"patient": one.patient, "study": one.study, "series": f"{words['series']} {one.series}"}


def _of_path(judged: Judged | None, desk: Desk, host: Host, language: Language) -> dict[str, Any]:
    path = None if judged is None else judged.path
    binding = None if path is None else path.binding
    closest = "" if binding is None else f"{facts.clearance_name(binding, language)} {binding.clearance_mm:.1f} mm"
    return {
        "facts": facts.path_facts(judged, host.places, language, host.says(language)),
        "sentence": "" if path is None else host.says(language)(path.sentence),
        "broken": [] if judged is None else [_broken(*limit, language) for limit in judged.broken],
        "rows": facts.clearance_rows(judged, language),
        "strip": facts.depth_strip(judged, desk.case.anatomy, language),
        "closest": "" if binding is None else f"{texts(language)['closest']}: {closest}, {binding.depth_mm:.0f} mm",
        "ends": [] if path is None else [[round(float(v), 1) for v in end] for end in (path.entry_mm, path.target_mm)],
        "length": "" if path is None else f"{path.length_mm:.1f}",
        "empty": list(OBLIQUE) if path is None else [],
    }


def _broken(rule: str, room: float, unit: str, language: Language) -> str:
    """*Nadellänge: -31.5 mm*; a rule that is only kept or broken has no number."""
    name = rule_words(rule, language)
    return name if unit == "1" else f"{name}: {room:+.1f} {'°' if unit == 'deg' else unit}"


def _skin_rows(desk: Desk, language: Language) -> list[dict[str, Any]]:
    rows = [] if desk.skin is None else desk.skin.legend()
    return [{**row, "name": rule_words(row["name"], language)} for row in rows]


def _hex(desk: Desk, structure: Structure) -> str:
    """The outline's colour as a colour field of a form has it."""
    red, green, blue = desk.looks.colours.get(structure, CONTOURS[structure])
    return f"#{red:02x}{green:02x}{blue:02x}"


def _of_choice(desk: Desk, language: Language, say: Say) -> dict[str, Any]:
    """The places to choose from, one row for each name with its sides."""
    if desk.session is not None:
        return {"offers": [], "picked": -1, "picked_words": "", "near": -1, "near_words": ""}
    rows: dict[str, dict[str, Any]] = {}
    for number, offer in enumerate(desk.choosing.offers):
        words = _place_words(offer.words, offer.side, say)
        row = rows.setdefault(words, {"words": words, "sides": [], "doubt": not offer.name_is_certain})
        row["sides"].append([number, side_words(offer.side, language)])
    near = nearest(desk.choosing.offers, desk.looks.cross_mm)
    return {
        "offers": list(rows.values()),
        "picked": desk.choosing.picked,
        "picked_words": _offer_words(desk, desk.choosing.picked, language, say),
        "near": near,
        "near_words": _offer_words(desk, near, language, say),
    }


def _place_words(words: str, side: Side, say: Say) -> str:
    """Of one place or several needles, without the side, which stands beside."""
    return "; ".join(map(say, words.replace(f", {side}", "").split("; ")))


def _offer_words(desk: Desk, number: int, language: Language, say: Say) -> str:
    if not 0 <= number < len(desk.choosing.offers):
        return ""
    offer = desk.choosing.offers[number]
    return f"{_place_words(offer.words, offer.side, say)}, {side_words(offer.side, language).upper()}"


def _can(session: Session | None, host: Host) -> dict[str, bool]:
    may = session is not None and not host.is_read_only
    return {
        "undo": may and session is not None and bool(session.past),
        "redo": may and session is not None and bool(session.future),
        "replan": may and session is not None and session.now.path_index is None and session.now.judged is not None,
    }
