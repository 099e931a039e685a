"""A procedure under MR guidance: needles that may go into the magnet, its bore, and what a person must know.

In: a procedure and a site as they are on CT. Out: the same for an MR. Values with sources or *assumed*; a site's own needles and bore stay.
"""

from __future__ import annotations

from dataclasses import replace

from planner.errors import GuidanceError
from planner.procedure import Needle, Procedure
from planner.procedures import PROCEDURES
from planner.procedures.shared import CHIBA_20G_MM, SPINAL_22G_MM
from planner.site import Bore, Site
from planner.volume import Modality

ARTEFACT_22G_MM, ARTEFACT_20G_MM = 5.0, 6.0
"""Width of the dark band around a titanium needle across the field at 1.5 T, turbo spin echo; assumed: measure the site's own needle on
the site's own sequence. Along the field it is narrower."""

NEEDLES = (
    Needle(22, SPINAL_22G_MM, 100.0, "Chiba", ARTEFACT_22G_MM),
    Needle(22, SPINAL_22G_MM, 150.0, "Chiba", ARTEFACT_22G_MM),
    Needle(20, CHIBA_20G_MM, 100.0, "Chiba", ARTEFACT_20G_MM),
    Needle(20, CHIBA_20G_MM, 150.0, "Chiba", ARTEFACT_20G_MM),
)
"""MR-conditional; 20 G was used for 249 lumbosacral injections at 1.0 T (Streitparth, RLI 2013). Lengths and 22 G: assumed stock."""

BORE_RADIUS_MM = 300.0
"""Half of 60 cm, the narrower of the usual bores (60 and 70 cm): assumed; ``bore`` in the site's file says otherwise."""

NOTES = (
    "MR guidance: needles must be MR-conditional for this magnet's field; the label on the pack decides, not this plan.",
    f"On MR a needle shows as a dark band about {ARTEFACT_22G_MM:g} mm wide (22 G, assumed): its tip is known to half of that.",
)
BORE_NOTE = (
    f"Bore: {2 * BORE_RADIUS_MM / 10:g} cm inside, its axis through x = 0, y = 0 of the scan (isocentre): assumed; give the site's own bore "
    "and table height."
)


def on_modality(procedure: Procedure, modality: Modality) -> Procedure:
    """The procedure with needles and notes for this image's scanner; on CT as it is; refused where it is not made for it."""
    if modality is not Modality.MR:
        return procedure
    if modality not in procedure.modalities:
        raise GuidanceError(procedure.title, " and ".join(procedure.modalities), modality)
    usual = PROCEDURES.get(procedure.key, procedure).needles
    if procedure.needles != usual:
        note = "MR: the needles are the site's own; whether they are MR-conditional is not known here."
        return replace(procedure, notes=(*procedure.notes, *NOTES, note))
    return replace(procedure, needles=NEEDLES, notes=(*procedure.notes, *NOTES))


def site_on(site: Site, modality: Modality) -> tuple[Site, tuple[str, ...]]:
    """The site with a bore for MR, where it states none, and what is said of it."""
    if modality is not Modality.MR or site.bore is not None:
        return site, ()
    return replace(site, bore=Bore(0.0, 0.0, BORE_RADIUS_MM)), (BORE_NOTE,)
