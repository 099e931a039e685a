"""An earlier scan's nerves and vessels in today's anatomy: a root that was seen moves the one that is modelled, what was drawn is kept clear of.

In: today's anatomy, sightings on its grid, roots carried from an earlier anatomy. Out: the anatomy with them; whose they are, how far
off they may be, and what the two scans do not agree on is said with numbers. Nothing that today's scan shows is taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planner.anatomy import itk
from planner.anatomy.compose import PAINTED
from planner.anatomy.model import Anatomy, NerveRoot
from planner.anatomy.registration.sightings import Sighting, levels_of
from planner.anatomy.roots import draw_roots
from planner.geometry import BoolArray, FloatArray, frozen
from planner.structures import Part, Structure
from planner.volume import LabelEntry, LabelMap

_SAME_ROOT_MM = 8.0
"""From a modelled ganglion to what was drawn: half of the least height of a lumbar pedicle's neighbourhood; further off it is no
sighting of this root (assumed)."""

_GANGLION_MM = 5.0
"""Radius within which a drawn root's middle is sought: a ganglion is 5 to 11 mm long (Silav 2016, J Neurosurg Sci 60:339)."""

_DOUBTED = 0.3
"""Confidence of a root that lies elsewhere in the two scans than both allow: a person must look."""

_SEEN_TODAY = 0.6
"""A great vessel found today with this confidence is today's: an earlier scan's outline of it adds nothing."""

_ONLY_EARLIER = 0.45
"""Confidence of a structure that the earlier scan alone shows, as for a part that somebody else drew (``outside/fuse.py``)."""

_GREAT = (Structure.AORTA, Structure.INFERIOR_VENA_CAVA)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One of today's roots as the earlier scan shows it."""

    ganglion_mm: FloatArray
    uncertainty_mm: float
    sighting: Sighting | None = None


def with_earlier(anatomy: Anatomy, found: Iterable[Sighting], source: str, roots: Iterable[NerveRoot] = ()) -> Anatomy:
    """The anatomy with what was seen earlier.

    Parameters
    ----------
    source : whose scan and drawing it is, in words for a plan and a report.
    roots : roots that an anatomy of the earlier scan holds, carried over already.
    """
    sightings = tuple(found)
    seen = _drawn_roots(anatomy, sightings) | _carried_roots(anatomy, roots)
    vessels = tuple(one for one in sightings if one.entry.structure is not Structure.NERVE_ROOT and _adds(anatomy, one))
    nerves = tuple(one for one in sightings if one.entry.structure is Structure.NERVE_ROOT)
    if not seen and not vessels and not nerves:
        return anatomy
    judged = {n: _judged(root, seen[n]) for n, root in enumerate(anatomy.nerve_roots) if n in seen}
    together = tuple(judged[n][0] if n in judged else root for n, root in enumerate(anatomy.nerve_roots))
    labels = _drawn(anatomy, together, judged, seen, nerves, vessels)
    changed = {one.entry.structure for one in vessels} | ({Structure.NERVE_ROOT} if seen or nerves else set())
    return replace(
        anatomy,
        labels=labels,
        nerve_roots=together,
        confidence={**dict.fromkeys(changed, _ONLY_EARLIER), **anatomy.confidence},
        uncertainty_mm=_grown(anatomy.uncertainty_mm, (*nerves, *vessels), together if seen else ()),
        origin={**anatomy.origin, **{s: _source(anatomy, s, source, sightings) for s in changed}},
        warnings=(*anatomy.warnings, *(said for _, said in judged.values()), *_vessel_words(vessels)),
    )


def _adds(anatomy: Anatomy, one: Sighting) -> bool:
    structure = one.entry.structure
    return structure not in _GREAT or anatomy.confidence.get(structure, 0.0) < _SEEN_TODAY


def _drawn_roots(anatomy: Anatomy, sightings: tuple[Sighting, ...]) -> dict[int, Seen]:
    """Each drawn nerve, piece by piece, as the root whose ganglion it lies at: a drawn ganglion before a root, the nearer before the farther."""
    nearest: dict[int, tuple[tuple[bool, float], Seen]] = {}
    for one in sightings:
        if one.entry.structure is not Structure.NERVE_ROOT:
            continue
        pieces = itk.components(one.mask)
        grid = itk.crop(anatomy.labels.geometry, one.box)
        for number in range(1, int(pieces.max()) + 1):
            points = grid.points_mm(np.argwhere(pieces == number))
            n, away = _root_at(anatomy.nerve_roots, points, one.entry)
            rank = (one.entry.part is not Part.GANGLION, away)
            if away <= _SAME_ROOT_MM and rank < nearest.get(n, ((True, np.inf),))[0]:
                middle = _middle(points, one.entry, anatomy.nerve_roots[n].ganglion_mm)
                nearest[n] = (rank, Seen(middle, one.uncertainty_mm, one))
    return {n: seen for n, (_, seen) in nearest.items()}


def _root_at(roots: tuple[NerveRoot, ...], points_mm: FloatArray, entry: LabelEntry) -> tuple[int, float]:
    """Index of the root whose ganglion lies nearest, and how near; a stated side or level is believed."""
    away = [
        np.inf if _is_another(root, entry) else float(np.linalg.norm(points_mm - root.ganglion_mm, axis=1).min())
        for root in roots
    ]
    return (int(np.argmin(away)), float(np.min(away))) if away else (0, np.inf)


def _is_another(root: NerveRoot, entry: LabelEntry) -> bool:
    return (entry.side is not None and entry.side is not root.side) or (
        entry.level is not None and entry.level != root.between.upper
    )


def _middle(points_mm: FloatArray, entry: LabelEntry, near_mm: FloatArray) -> FloatArray:
    """Of a drawn ganglion; of a root its place beside the model: how far along it the ganglion lies, a tube does not tell."""
    nearest = points_mm[np.linalg.norm(points_mm - near_mm, axis=1).argmin()]
    own = points_mm if entry.part is Part.GANGLION else points_mm[_within(points_mm, nearest)]
    middle: FloatArray = own.mean(axis=0)
    return middle


def _within(points_mm: FloatArray, place_mm: FloatArray) -> BoolArray:
    return np.asarray(np.linalg.norm(points_mm - place_mm, axis=1) <= _GANGLION_MM)


def _carried_roots(anatomy: Anatomy, roots: Iterable[NerveRoot]) -> dict[int, Seen]:
    places = {(root.between, root.side): n for n, root in enumerate(anatomy.nerve_roots)}
    return {
        places[root.between, root.side]: Seen(root.ganglion_mm, root.uncertainty_mm)
        for root in roots
        if (root.between, root.side) in places
    }


def _judged(root: NerveRoot, seen: Seen) -> tuple[NerveRoot, str]:
    """The better known of both places; where they contradict each other today's stays, doubted, and must hold both."""
    away = float(np.linalg.norm(seen.ganglion_mm - root.ganglion_mm))
    words = f"root {root.root} {root.side}: seen in the earlier scan {away:.1f} mm from today's place, known to {seen.uncertainty_mm:.1f} mm there and {root.uncertainty_mm:.1f} mm here"
    if away > seen.uncertainty_mm + root.uncertainty_mm:
        doubted = replace(root, confidence=min(root.confidence, _DOUBTED), uncertainty_mm=round(away, 2))
        return (
            doubted,
            f"{words}: they contradict each other; look at both, today's stays with an uncertainty of {away:.1f} mm",
        )
    if seen.uncertainty_mm >= root.uncertainty_mm:
        return root, f"{words}: today's stays"
    by = seen.ganglion_mm - root.ganglion_mm
    moved = replace(
        root,
        course_mm=frozen(root.course_mm + by),
        ganglion_mm=frozen(seen.ganglion_mm),
        uncertainty_mm=round(seen.uncertainty_mm, 2),
    )
    return moved, f"{words}: the earlier scan's is used"


def _drawn(
    anatomy: Anatomy,
    roots: tuple[NerveRoot, ...],
    judged: Mapping[int, tuple[NerveRoot, str]],
    seen: Mapping[int, Seen],
    nerves: tuple[Sighting, ...],
    vessels: tuple[Sighting, ...],
) -> LabelMap:
    """Vessels, then nerves, where nothing more specific lies; a root that moved is drawn in its new place."""
    labels, entries = anatomy.labels.labels.astype(np.uint16), dict(anatomy.labels.entries)
    body = next((v for v, e in entries.items() if e.structure is Structure.BODY), 0)
    for one in vessels:
        _paint(labels, entries, one.mask, one.box, replace(one.entry, confidence=_ONLY_EARLIER))
    whole = draw_roots(roots, anatomy.labels.geometry)
    for n in judged:
        root = roots[n]
        own = [v for v, e in entries.items() if _is_of(e, root)]
        labels[np.isin(labels, own)] = body
        everywhere = (slice(None),) * 3
        for offset, part in ((1, Part.ROOT), (2, Part.GANGLION)):
            entry = LabelEntry(Structure.NERVE_ROOT, part, root.between.upper, root.side, root.confidence)
            _paint(labels, entries, whole == 2 * n + offset, everywhere, entry)
    of_root = {id(one.sighting): roots[n] for n, one in seen.items() if one.sighting is not None}
    for nerve in nerves:
        _paint(labels, entries, nerve.mask, nerve.box, _entry_of(nerve, of_root.get(id(nerve))))
    visible = set(np.flatnonzero(np.bincount(labels.ravel())).tolist())
    return LabelMap(anatomy.labels.geometry, labels, {v: e for v, e in entries.items() if v in visible})


def _entry_of(nerve: Sighting, root: NerveRoot | None) -> LabelEntry:
    if root is None:
        return replace(nerve.entry, confidence=_ONLY_EARLIER)
    return LabelEntry(Structure.NERVE_ROOT, Part.ROOT, root.between.upper, root.side, root.confidence)


def _is_of(entry: LabelEntry, root: NerveRoot) -> bool:
    return entry.structure is Structure.NERVE_ROOT and (entry.level, entry.side) == (root.between.upper, root.side)


def _paint(
    labels: npt.NDArray[np.uint16], entries: dict[int, LabelEntry], mask: BoolArray, box: itk.Box, entry: LabelEntry
) -> None:
    """Over what is more general inside the body; bone, canal and vessels of today stay."""
    value = next((v for v, e in entries.items() if e == entry), max(entries, default=0) + 1)
    entries[value] = entry
    under = [v for v, e in entries.items() if PAINTED.index(e.structure) <= PAINTED.index(Structure.BOWEL)]
    part = labels[box]
    part[mask & np.isin(part, under)] = value


def _grown(
    today: Mapping[Structure, float], sightings: tuple[Sighting, ...], roots: tuple[NerveRoot, ...]
) -> dict[Structure, float]:
    """A structure's largest uncertainty, what was carried included."""
    grown = dict(today)
    for one in sightings:
        grown[one.entry.structure] = max(grown.get(one.entry.structure, 0.0), one.uncertainty_mm)
    if roots:
        largest = max(root.uncertainty_mm for root in roots)
        grown[Structure.NERVE_ROOT] = max(grown.get(Structure.NERVE_ROOT, 0.0), largest)
    return grown


def _source(anatomy: Anatomy, structure: Structure, source: str, sightings: tuple[Sighting, ...]) -> str:
    ours = anatomy.origin.get(structure, "needleplan")
    fits = list(levels_of(tuple(one for one in sightings if one.entry.structure is structure)))
    residuals = ", ".join(f"{fit.level} {fit.residual_mm:.1f} mm" for fit in fits)
    return f"{ours} and {source}{f', residual {residuals}' if residuals else ''}"


def _vessel_words(vessels: tuple[Sighting, ...]) -> tuple[str, ...]:
    return tuple(
        f"{one.entry.structure.words} {one.label!r} is drawn from the earlier scan, known to {one.uncertainty_mm:.1f} mm; today's scan "
        "shows none surely"
        for one in vessels
    )
