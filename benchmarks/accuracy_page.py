"""The measured cases as one page beside the bars.

In: the rows of ``results/accuracy.json``. Out: Markdown. A share comes with n and its 95 % interval (Wilson 1927,
doi:10.1080/01621459.1927.10502953); rows of one scan are no independent draws, so the intervals are too narrow rather than too wide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from accuracy_cases import REAL
from accuracy_reliability import reliability
from accuracy_shares import share_words as _share
from accuracy_words import INTRODUCTION, MISSES, RISK_NOTE

Rows = list[dict[str, Any]]

_LOWER_THORAX = ("T9", "T10", "T11", "T12")


def page(cases: Rows, in_full: int) -> str:
    """The whole page."""
    real = [case for case in cases if case["case"] in REAL]
    phantoms = [case for case in cases if case["case"] not in REAL]
    done = [case for case in cases if "structures" in case]
    made: dict[tuple[str, str], list[str]] = {}
    for case in cases:
        made.setdefault((case["commit"], case["machine"]), []).append(case["case"])
    lines = [INTRODUCTION, "Which rows were measured at which commit:\n"]
    lines += [f"- {commit} on {machine}: {', '.join(names)}" for (commit, machine), names in made.items()]
    lines.append("")
    battery = in_full - len(REAL)
    lines.append(f"Cases: {len(real)} of {len(REAL)} real scans and {len(phantoms)} of {battery} phantoms so far.\n")
    lines += _not_done(cases)
    lines += ["## Beside the bars\n", "| structure | bar | real scans | phantoms |", "|---|---|---|---|"]
    answered = [[case for case in group if "structures" in case] for group in (real, phantoms)]
    lines += [f"| {name} | {bar} | {say(answered[0])} | {say(answered[1])} |" for name, bar, say in _BARS]
    lines += [
        RISK_NOTE,
        "| case | structure | own | grown | any | margin mm | confidence |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_risk(case["case"], row) for case in done for row in case["at_risk"]]
    lines += reliability([case for case in phantoms if "structures" in case])
    lines += ["\n## Seconds and memory\n", *_cost(done)]
    return "\n".join(lines) + "\n" + MISSES


def _not_done(cases: Rows) -> Iterator[str]:
    for case in cases:
        said = case.get("failed") or case.get("refused")
        if said:
            yield f"- **{case['case']}**: {'failed' if 'failed' in case else 'refused'}: {said}"
    yield ""


def _risk(case: str, row: dict[str, Any]) -> str:
    grown, sure = row.get("recall_grown"), row.get("confidence")
    cells = [case, row["structure"], f"{row['recall_own']:.3f}", "not drawn" if grown is None else f"{grown:.3f}"]
    cells += [f"{row['recall_any']:.3f}", f"{row['under_any_mm']:.1f}", "" if sure is None else f"{sure:.2f}"]
    return "| " + " | ".join(cells) + " |"


def _cost(done: Rows) -> Iterator[str]:
    stages = list(dict.fromkeys(stage for case in done for stage in case["stages"]))
    yield "Of `segment` alone, the image already loaded; peak is the process's, the image and its truth included. Rows of more than one case side by side were timed beside each other; *load* is the machine's mean number of waiting programs when the case began: above about 1 the seconds are too long and no figure for the cost bar. Organs run after the spine here, and beside it in the service.\n"
    yield "| case | slices | side by side | load | seconds | peak MiB | " + " | ".join(stages) + " |"
    yield "|---|---|---|---|---|---|" + "---|" * len(stages)
    for case in done:
        each = [f"{case['stages'][s]['seconds']:.1f}" if s in case["stages"] else "" for s in stages]
        cells = [case["case"], str(case["shape"][0]), str(case.get("side_by_side", 1))]
        cells.append(f"{case['load']:.1f}" if "load" in case else "busy")
        yield "| " + " | ".join([*cells, f"{case['seconds']:.1f}", f"{case['peak_mib']:.0f}", *each]) + " |"


def _of(cases: Rows, key: str) -> Rows:
    return [row for case in cases for row in case[key]]


def _dices(choose: Callable[[dict[str, Any]], bool], bar: float) -> Callable[[Rows], str]:
    def say(cases: Rows) -> str:
        values = [row["dice"] for row in _of(cases, "structures") if choose(row)]
        if not values:
            return "none"
        each = ", ".join(f"{v:.2f}" for v in sorted(values)[:8]) + (" ..." if len(values) > 8 else "")
        reached = _share(v >= bar for v in values)
        return f"{_tick(median(values) >= bar)} median {median(values):.3f}; at the bar {reached}; lowest {each}"

    return say


def _tick(is_met: object) -> str:
    return "met:" if is_met else "**missed:**"


def _named(*starts: str) -> Callable[[dict[str, Any]], bool]:
    return lambda row: "kind" not in row and row["structure"].startswith(starts)


def _levels(kind: str, wanted: Callable[[str], bool]) -> Callable[[dict[str, Any]], bool]:
    return lambda row: row.get("kind") == kind and not row["cut"] and wanted(row["level"])


def _is_lumbar(level: str) -> bool:
    return level.startswith("L")


def _is_lower_thoracic(level: str) -> bool:
    return level in _LOWER_THORAX


def _is_upper(level: str) -> bool:
    return not _is_lumbar(level) and not _is_lower_thoracic(level)


def _skin(cases: Rows) -> str:
    rows = [row for row in _of(cases, "structures") if row["structure"] == "skin"]
    if not rows:
        return "none"
    good = [row["dice"] >= 0.99 and row["surface_mean_mm"] <= 1.0 for row in rows]
    worst = min(row["dice"] for row in rows), max(row["surface_mean_mm"] for row in rows)
    return f"{_tick(all(good))} {_share(good)}; lowest Dice {worst[0]:.3f}, largest mean surface distance {worst[1]:.2f} mm"


def _canal_line(cases: Rows) -> str:
    rows = [case["canal"] for case in cases if case["canal"]]
    if not rows:
        return "none"
    good = [row["mean_mm"] <= 1.2 and row["max_mm"] <= 4.0 and row["missed"] == 0.0 for row in rows]
    mean, most, missed = (max(row[key] for row in rows) for key in ("mean_mm", "max_mm", "missed"))
    return f"{_tick(all(good))} {_share(good)}; worst mean {mean:.2f}, max {most:.1f} mm, missed {missed:.0%}"


def _canal_mask(cases: Rows) -> str:
    rows = [row for row in _of(cases, "at_risk") if row["structure"] == "thecal_sac"]
    if not rows:
        return "none"
    good = [row["recall_own"] >= 0.99 for row in rows]
    grown = [row.get("recall_grown", 0.0) >= 0.99 for row in rows]
    return f"{_tick(all(good))} {_share(good)}; grown by its uncertainty {_share(grown)}; lowest {min(r['recall_own'] for r in rows):.3f}"


def _discs(wanted: Callable[[str], bool]) -> Callable[[Rows], str]:
    def say(cases: Rows) -> str:
        rows = [r for case in cases for r in case["discs"].get("rows", []) if wanted(r["name"].split("/")[0])]
        if not rows:
            return "none"
        good = [row["found"] and row["error_mm"] <= 1.5 for row in rows]
        extra = sum(case["discs"].get("extra", 0) for case in cases)
        return f"{_tick(sum(good) >= 0.98 * len(good) and not extra)} within 1.5 mm {_share(good)}; extra {extra}"

    return say


def _names(cases: Rows) -> str:
    rows = _of(cases, "names")
    certain = [row["right"] for row in rows if row["certain"]]
    doubtful = [row["right"] for row in rows if row["named"] and not row["certain"]]
    unnamed = sum(1 for row in rows if not row["named"])
    return (
        f"{_tick(bool(certain) and all(certain))} certain right {_share(certain)}; uncertain right {_share(doubtful)}; "
        f"left unnamed {unnamed}"
    )


def _facets(cases: Rows) -> str:
    rows = _of(cases, "facets")
    if not rows:
        return "none"
    good = [row["error_mm"] <= 1.0 for row in rows]
    side = [row["right_side"] for row in rows]
    said = f"within 1 mm {_share(good)}; median {median(r['error_mm'] for r in rows):.2f} mm; side {_share(side)}"
    surfaces = [row["surface_median_mm"] for row in rows if "surface_median_mm" in row]
    drawn = f"; drawn surface off by {median(surfaces):.2f} mm (median of {len(surfaces)})" if surfaces else ""
    return f"{_tick(sum(good) >= 0.9 * len(good))} {said}{drawn}"


def _foramina(cases: Rows) -> str:
    rows = [row for row in _of(cases, "landmarks") if row["kind"] == "foramen"]
    errors = sorted(row["error_mm"] for row in rows if row["found"])
    if not errors:
        return "none"
    at_95 = errors[min(len(errors) - 1, int(0.95 * len(errors)))]
    certain, doubtful = _levels_of_foramina(cases)
    missed = sum(1 for row in rows if not row["found"])
    is_met = median(errors) <= 1.5 and at_95 <= 3.0 and sum(certain) >= 0.98 * len(certain)
    return f"{_tick(is_met)} median {median(errors):.2f} mm, 95 % {at_95:.1f} mm (n={len(errors)}, {missed} missed); side and level, where both names are certain, {_share(certain)}, where one is not, {_share(doubtful)}"


def _levels_of_foramina(cases: Rows) -> tuple[list[bool], list[bool]]:
    """Whether side and level are right: of foramina between two certain names, and of the others that are named."""
    certain, doubtful = [], []
    for case in cases:
        sure = {row["true"] for row in case["names"] if row["certain"]}
        for row in case["landmarks"]:
            if row["kind"] == "foramen" and row["found"] and case["naming"]:
                is_right = bool(row.get("right_level", False) and row.get("right_side", False))
                (certain if set(row["between"].split("/")) <= sure else doubtful).append(is_right)
    return certain, doubtful


def _sacral(cases: Rows) -> str:
    rows = [row for row in _of(cases, "landmarks") if row["kind"] == "sacral foramen" and row["between"] == "S1/S2"]
    errors = [row["error_mm"] for row in rows if row["found"]]
    if not errors:
        return "none"
    held = _share(row["error_mm"] <= row["uncertainty_mm"] for row in rows if row["found"])
    missed = len(rows) - len(errors)
    said = f"within 3 mm {_share(e <= 3.0 for e in errors)}; within its own uncertainty {held}; {missed} missed"
    return f"{_tick(median(errors) <= 3.0)} {said}; median {median(errors):.2f} mm"


def _ganglia(cases: Rows) -> str:
    rows = [row for row in _of(cases, "landmarks") if row["kind"] == "ganglion" and row["found"]]
    if not rows:
        return "none"
    held = [row["error_mm"] <= row["uncertainty_mm"] for row in rows]
    missed = sum(1 for row in _of(cases, "landmarks") if row["kind"] == "ganglion" and not row["found"])
    said = f"within its own uncertainty {_share(held)}; median error {median(r['error_mm'] for r in rows):.2f} mm; {missed} missed"
    return f"{_tick(sum(held) >= 0.95 * len(held))} {said}"


def _gas(cases: Rows) -> str:
    values = [case["gas"]["recall"] for case in cases if case["gas"]]
    return f"{_tick(min(values) >= 0.95)} lowest {min(values):.3f} (n={len(values)})" if values else "none"


def _total(cases: Rows) -> str:
    if not cases:
        return "none"
    per_300 = (
        max(case["seconds"] / case["shape"][0] * 300 for case in cases if case["shape"][0] > 100)
        if any(case["shape"][0] > 100 for case in cases)
        else 0.0
    )
    peak = max(case["peak_mib"] for case in cases)
    return (
        f"longest {max(c['seconds'] for c in cases):.0f} s (for 300 such slices {per_300:.0f} s), peak {peak:.0f} MiB"
    )


_BARS: tuple[tuple[str, str, Callable[[Rows], str]], ...] = (
    ("skin", "Dice 0.99, surface 1 mm", _skin),
    ("canal centreline", "mean 1.2 mm, max 4, none missed", _canal_line),
    ("canal mask", "99 % of the sac inside", _canal_mask),
    (
        "disc levels T9 to S1",
        "98 % within 1.5 mm, none extra",
        _discs(lambda v: _is_lumbar(v) or _is_lower_thoracic(v)),
    ),
    ("disc levels above T9", "none yet", _discs(_is_upper)),
    ("level names", "95 % right where certain, no silent error", _names),
    ("vertebral body, lumbar", "Dice 0.95", _dices(_levels("body", _is_lumbar), 0.95)),
    ("vertebral body, T9 to T12", "Dice 0.92", _dices(_levels("body", _is_lower_thoracic), 0.92)),
    ("whole vertebra, lumbar", "Dice 0.90", _dices(_levels("whole vertebra", _is_lumbar), 0.90)),
    ("whole vertebra, T9 to T12", "Dice 0.82", _dices(_levels("whole vertebra", _is_lower_thoracic), 0.82)),
    ("whole vertebra, above T9", "Dice 0.82 (0.75 C)", _dices(_levels("whole vertebra", _is_upper), 0.82)),
    ("posterior elements, lumbar", "none; tried 0.78 to 0.85", _dices(_levels("posterior", _is_lumbar), 0.78)),
    ("sacrum", "Dice 0.90", _dices(_named("sacrum"), 0.90)),
    ("ilium", "Dice 0.90", _dices(_named("ilium"), 0.90)),
    ("ribs", "Dice 0.85", _dices(_named("rib"), 0.85)),
    ("facet joint", "within 1 mm of the surface in 90 %; side 98 %", _facets),
    ("foramen", "median 1.5 mm, 95 % 3 mm; side and level 98 %", _foramina),
    ("ganglion", "within its own uncertainty in 95 %", _ganglia),
    ("first sacral foramen, dorsal opening", "none yet; 3 mm here", _sacral),
    ("aorta", "Dice 0.88 plain, 0.93 contrast (0.88 here)", _dices(_named("aorta"), 0.88)),
    ("aorta below the arch, where the scan shows the arch", "the same", _dices(_named("descending"), 0.88)),
    ("inferior vena cava", "Dice 0.80 plain, 0.85 contrast (0.80 here)", _dices(_named("inferior"), 0.80)),
    ("iliac vessels", "Dice 0.80 with contrast, else a zone", _dices(_named("artery", "vein"), 0.80)),
    ("lung", "Dice 0.97", _dices(_named("lung"), 0.97)),
    ("kidney", "Dice 0.88", _dices(_named("kidney"), 0.88)),
    ("gas", "recall 0.95", _gas),
    ("liver, spleen", "obstacle", _dices(_named("liver", "spleen"), 0.80)),
    ("bowel", "obstacle", _dices(_named("bowel"), 0.50)),
    ("cost", "300 slices: 20 s, 2 GB", _total),
)
