"""The phantom's first sacral foramina, placed by hand where it has no truth of its own for them."""

from dataclasses import replace

from planner.anatomy.model import Anatomy, SacralForamen
from planner.structures import Interspace, Side, SpineLevel
from sample_data.phantom import Phantom

FIRST = Interspace(SpineLevel.S1, SpineLevel.S2)
POSTERIOR_MM, ANTERIOR_MM, OPEN_MM = (24.5, 33.0, -12.0), (28.0, -13.0, -13.0), 8.0
"""In S1's frame, read off the phantom's closed form: between ala, lateral mass, lamina and the two pedicles."""


def with_sacral_foramina(phantom: Phantom) -> Anatomy:
    """Its anatomy with both first sacral foramina."""
    anatomy = phantom.anatomy()
    if any(foramen.between == FIRST for foramen in anatomy.sacral_foramina):
        return anatomy
    s1 = phantom.spine.vertebrae[-1].frame
    foramina = tuple(
        SacralForamen(
            FIRST,
            phantom.mirror.side(side),
            phantom.mirror.points(s1.point(side.sign * POSTERIOR_MM[0], *POSTERIOR_MM[1:])),
            phantom.mirror.points(s1.point(side.sign * ANTERIOR_MM[0], *ANTERIOR_MM[1:])),
            OPEN_MM,
            1.0,
            0.9,
        )
        for side in Side
    )
    return replace(anatomy, sacral_foramina=foramina)
