"""A path's risk in a report, and back: probabilities with their intervals, guidance, control scans.

In: a ``Risk``. Out: measurements and sentences of a TID 1501 group, from which the same risk is read. Each probability is one
*Probability* (122157, DCM) whose properties say of what, with the ends of the 95 % interval and the number of draws.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from dicom_io import codes
from dicom_io import report_tree as tree
from dicom_io.codes import MILLIMETRE, NO_UNIT, Concept
from dicom_io.report_items import Item, coded_detail, number, number_detail, text, text_detail
from planner.plan import Contact, Probability, Risk

_EVENTS: tuple[tuple[Concept, str], ...] = (
    (codes.ANY_CONTACT, "any_contact"),
    (codes.CONTACT_BESIDE_BONE, "beside_bone"),
    (codes.TARGET_MISSED, "target_missed"),
    (codes.ANGLE_FORGIVEN, "angle_forgiven"),
    (codes.ANY_CONTACT_SCANNED, "with_checkpoints"),
    (codes.CONTACT_BESIDE_BONE_SCANNED, "beside_bone_with_checkpoints"),
    (codes.TARGET_MISSED_SCANNED, "missed_with_checkpoints"),
)
"""What a probability is of, and the field of ``Risk`` that holds it."""


def risk_measurements(risk: Risk | None) -> list[Item]:
    """Probabilities and the depths of control scans."""
    if risk is None:
        return []
    known = [(event, getattr(risk, field)) for event, field in _EVENTS]
    return [
        *(_probability(event, value) for event, value in known if value is not None),
        *(_probability(codes.CONTACT, one.probability, one.obstacle) for one in risk.contacts),
        *(number(codes.CHECKPOINT, depth_mm, MILLIMETRE) for depth_mm in risk.checkpoints_mm),
    ]


def risk_sentences(risk: Risk | None) -> list[Item]:
    """How the needle is guided, and who measured that."""
    return [] if risk is None else [text(codes.GUIDANCE, risk.guidance), text(codes.GUIDANCE_SOURCE, risk.source)]


def read_risk(group: Dataset) -> Risk | None:
    """The risk of a path's group; None where the report holds none."""
    if next(tree.items(group, codes.GUIDANCE), None) is None:
        return None
    found = list(tree.items(group, codes.PROBABILITY))
    told = {
        field: _read(item)
        for event, field in _EVENTS
        for item in found
        if tree.answers(item, codes.PROBABILITY_OF, event)
    }
    return Risk(
        guidance=tree.text(group, codes.GUIDANCE),
        source=tree.text(group, codes.GUIDANCE_SOURCE),
        contacts=tuple(
            Contact(tree.text(item, codes.OBSTACLE), _read(item))
            for item in found
            if tree.answers(item, codes.PROBABILITY_OF, codes.CONTACT)
        ),
        checkpoints_mm=tuple(tree.numeric_value(item) for item in tree.items(group, codes.CHECKPOINT)),
        **told,
    )


def _probability(event: Concept, one: Probability, obstacle: str = "") -> Item:
    details = [
        coded_detail(codes.PROBABILITY_OF, event),
        *([text_detail(codes.OBSTACLE, obstacle)] if obstacle else []),
        number_detail(codes.INTERVAL_LOW, one.low, NO_UNIT),
        number_detail(codes.INTERVAL_HIGH, one.high, NO_UNIT),
        number_detail(codes.DRAWS, one.n, NO_UNIT),
    ]
    return number(codes.PROBABILITY, float(one.value), NO_UNIT, details)


def _read(item: Dataset) -> Probability:
    return Probability(
        tree.numeric_value(item),
        tree.number(item, codes.INTERVAL_LOW),
        tree.number(item, codes.INTERVAL_HIGH),
        round(tree.number(item, codes.DRAWS)),
    )
