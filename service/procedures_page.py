"""``docs/procedures.md``, written from the procedures themselves: one section for each, every value with its source.

In: procedures. Out: one text; a test keeps the file in step.
"""

from __future__ import annotations

from collections.abc import Iterable

from planner.procedure import Approach, Procedure
from planner.procedures import PROCEDURES
from planner.release.gates import LIMITS, RISK, RISK_SOURCE, questions_for
from planner.structures import Role, Structure

HEAD = """# Procedures

Written from `planner/procedures` by `python -m service.procedures_page > docs/procedures.md`; a test keeps it in step.
Numbers are defaults that a physician edits, no medical advice. What says *assumed* has no published source.
Obliquity is counted from straight posterior towards the target's side; a positive tilt aims cranially.
"""


SITE_SAMPLE = """scheme = "ASRA 2018"            # SIR 2019, ASRA 2018 or ASIPP 2024
margin_growth = 0.01            # mm for each mm below the skin
most_tilt_deg = 25
left_out = ["table reach"]      # a clearance, the skin or the needle's length cannot be left out

[guidance]
name = "laser"                  # freehand, laser, robot
tip_sigma_mm = 1.4              # the site's own measurement

[reserves_mm]                   # of every procedure
aorta = 3

[procedures.prt]
volume_ml = [0.5, 2]
hub_reserve_mm = 15
needles = [{gauge = 22, outer_diameter_mm = 0.72, length_mm = 100, tip = "Quincke"}]

[procedures.prt.windows."posterolateral, subpedicular"]
obliquity_deg = [20, 60]
preferred_obliquity_deg = 45

[procedures.splanchnic.crossings.disc]
reason = "transdiscal at T11/T12, decided by the department"
largest_outer_diameter_mm = 0.73
"""

CHECKLIST_SAMPLE = """answered_by = "the referring physician's order"
scheme = "SIR 2019"
inr = 1.1
platelets_per_nl = 210

[answers]
pregnancy = "no"                # yes, no, unknown; what is missing is open

[[test_injections]]             # before alcohol, one for each place
place = "L3"
side = "left"
day = 2026-03-02
recorded_by = "who saw the response"
response = "positive"           # positive, partial, negative

[[contrast_spreads]]
place = "L3"
side = "left"
day = 2026-03-09
recorded_by = "who read the control scan"
reached = []                    # root, epidural space, psoas, vessel, organ
"""

FILES = f"""## A site's own values

`needleplan plan --site FILE.toml`, or `site_file` under `[jobs]` in the settings of the service. Every plan names each value that is not the
default (*SITE VALUE: ...*); an impossible one is refused with the sentence that helps: a negative reserve, an unknown structure, an empty
window, a structure that no published path crosses. All keys are optional.

```toml
{SITE_SAMPLE}```

## A checklist

`needleplan plan --checklist FILE.toml`. Gates stay open until each question is answered by a person or an order; a plan with an open gate
cannot be released. Alcohol waits for two records at the same place and side: a positive response to the test injection, and a control scan
on which contrast reached nothing that it must not.

```toml
{CHECKLIST_SAMPLE}```
"""


def page(procedures: Iterable[Procedure]) -> str:
    """The whole document."""
    listed = list(procedures)
    sections = [_section(one) for one in listed]
    return "\n".join([HEAD, _overview(listed), *sections, _bleeding(listed), FILES])


def _overview(listed: list[Procedure]) -> str:
    rows = [
        f"| `{p.key}` | {p.title} | {_levels(p)} | {', '.join(p.modalities)} | {p.treatment_pose} | "
        f"{p.volume_ml[0]:g}-{p.volume_ml[1]:g} ml |"
        for p in listed
    ]
    head = "| key | what | levels | image | patient lies | volume |\n|---|---|---|---|---|---|"
    return "\n".join([head, *rows, ""])


def _levels(procedure: Procedure) -> str:
    kind = "vertebrae" if "/" not in procedure.aim.example else "below"
    return f"{kind} {', '.join(procedure.levels)}"


def _section(procedure: Procedure) -> str:
    lines = [
        f"## {procedure.title} (`{procedure.key}`)",
        "",
        *(f"- *{note}*" for note in procedure.notes),
        *(_approach(approach) for approach in procedure.approaches),
        _needles(procedure),
        *(f"- **{name}**: {source}" for name, source in procedure.references.items()),
        f"- **Must have been found**, else NOT CHECKED: {_words(procedure.required)}.",
        *(f"- **At {level} instead**: {_words(found)}." for level, found in procedure.required_at.items()),
        f"- **Kept clear of** by needle radius, the structure's own uncertainty and: {_reserves(procedure)}.",
        "- **Gates**: " + "; ".join(f"{q.words} ({q.source})" for q in questions_for(procedure)),
        "",
    ]
    return "\n".join(lines)


def _words(structures: Iterable[Structure]) -> str:
    return ", ".join(structure.words for structure in structures)


def _approach(approach: Approach) -> str:
    (low, high), (down, up) = approach.obliquity_deg, approach.tilt_deg
    below = f" below {', '.join(approach.below)}" if approach.below else ""
    return (
        f"- **Approach** {approach.name}{below}: obliquity {low:g} to {high:g} (preferred {approach.preferred_obliquity_deg:g}), "
        f"tilt {down:g} to {up:g} (preferred {approach.preferred_tilt_deg:g}) degrees. {approach.source}."
    )


def _needles(procedure: Procedure) -> str:
    stock = ", ".join(str(needle) for needle in procedure.needles)
    return f"- **Needles**, in the order of preference: {stock}; {procedure.hub_reserve_mm:g} mm stay outside the skin."


def _reserves(procedure: Procedure) -> str:
    return ", ".join(
        f"{structure.words} {role.reserve_mm:g} mm"
        for structure, role in procedure.roles.items()
        if role.role is Role.FORBIDDEN
    )


def _bleeding(listed: list[Procedure]) -> str:
    head = (
        "## Bleeding risk\n\nThe societies disagree; the site chooses one.\n\n| procedure | " + " | ".join(RISK) + " |"
    )
    rule = "|---|" + "---|" * len(RISK)
    rows = [
        f"| `{p.key}` | "
        + " | ".join(str(table.get(p.key, "not named: gate stays open")) for table in RISK.values())
        + " |"
        for p in listed
    ]
    sources = [f"- {scheme}: {source}" for scheme, source in RISK_SOURCE.items()]
    limits = [f"- {risk}: {limit.source}" for risk, limit in LIMITS.items()]
    return "\n".join([head, rule, *rows, "", *sources, *limits, ""])


def main() -> None:
    """Print the document."""
    print(page(PROCEDURES.values()), end="")  # noqa: T201 - a generator's output


if __name__ == "__main__":
    main()
