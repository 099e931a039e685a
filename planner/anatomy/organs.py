"""The soft-tissue stages in their order: what is found first is out of bounds for what comes later.

In: the volume, the coarse image and where T12 ends. Out: ``Organs``, each structure as a ``Region`` with its confidence.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from planner.anatomy.bowel import Abdomen, find_abdomen
from planner.anatomy.coarse import CoarseImage, Region, eroded
from planner.anatomy.crura import Crura, find_crura
from planner.anatomy.kidney_doubts import Kidneys
from planner.anatomy.kidneys import find_kidneys
from planner.anatomy.lungs import Lungs, find_lungs
from planner.anatomy.muscles import Muscles, find_muscles
from planner.anatomy.renal_vessels import Trunk, renal_vessels
from planner.anatomy.ureters import ureter_zones
from planner.anatomy.vessel_zones import Zone, cleared
from planner.anatomy.vessels import Vessels, find_vessels
from planner.geometry import BoolArray
from planner.structures import Structure
from planner.volume import Volume

SOUGHT = (
    Structure.AORTA,
    Structure.INFERIOR_VENA_CAVA,
    Structure.LUNG,
    Structure.PLEURAL_ZONE,
    Structure.GAS,
    Structure.KIDNEY,
    Structure.BOWEL,
)
"""What a procedure may require of these stages."""


_PSOAS_RIM_MM = 4.0
"""Deeper inside a psoas that is seen runs no iliac vessel; its outer millimetres may be one."""


@dataclass(frozen=True, slots=True, eq=False)
class Organs:
    """All soft-tissue structures that were found."""

    vessels: Vessels
    lungs: Lungs
    muscles: Muscles
    kidneys: Kidneys
    abdomen: Abdomen
    ureters: tuple[Zone, ...] = ()
    crura: Crura = field(default_factory=Crura)
    renal: tuple[Zone, ...] = ()

    @property
    def confidence(self) -> dict[Structure, float]:
        """Of every structure that was found: its surest part's; a zone where nothing was seen counts too."""
        found = [
            *((vessel.structure, vessel.region) for vessel in self.vessels.found),
            *((zone.structure, zone.region) for zone in (*self.vessels.zones, *self.renal, *self.ureters)),
            (Structure.LUNG, self.lungs.lung),
            (Structure.GAS, self.lungs.gas),
            (Structure.PLEURAL_ZONE, self.lungs.pleural_zone),
            (Structure.KIDNEY, self.kidneys.left),
            (Structure.KIDNEY, self.kidneys.right),
            (Structure.BOWEL, self.abdomen.bowel),
        ]
        sure: dict[Structure, float] = {}
        for structure, region in found:
            if region is not None:
                sure[structure] = max(region.confidence, sure.get(structure, 0.0))
        return sure

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the stages doubt."""
        stages = (self.vessels, self.lungs, self.muscles, self.crura, self.kidneys, self.abdomen)
        said = tuple(warning for stage in stages for warning in stage.warnings)
        return (*said, *(zone.warning for zone in (*self.renal, *self.ureters)))


def find_organs(volume: Volume, image: CoarseImage, t12_lower_end_s_mm: float | None) -> Organs:
    """Vessels, lungs and pleural zone, muscles, then the kidneys in what is left, then the abdomen's content."""
    vessels, lungs, muscles = _first(volume, image, t12_lower_end_s_mm)
    lung, gas = _drawn(image, lungs.lung), _drawn(image, lungs.gas)
    psoas = _drawn(image, muscles.psoas_left, muscles.psoas_right)
    vessels = replace(vessels, zones=cleared(image, vessels.zones, eroded(psoas, image.ball(_PSOAS_RIM_MM))))
    aorta = _drawn(image, *(vessel.region for vessel in vessels.of(Structure.AORTA)))
    vessel = _drawn(image, *(vessel.region for vessel in vessels.found))
    crura = find_crura(image, aorta, vessel | psoas | lung | gas, t12_lower_end_s_mm)
    taken = vessel | eroded(psoas, 1) | lung | _drawn(image, muscles.back, crura.left, crura.right)
    kidneys = find_kidneys(image, taken | gas, t12_lower_end_s_mm)
    named = taken | _drawn(image, kidneys.left, kidneys.right)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(find_abdomen, image, gas, lung, named)
        renal = renal_vessels(image, kidneys, _trunks(image, vessels), taken)
        ureters = ureter_zones(image, kidneys, t12_lower_end_s_mm)
        abdomen = waiting.result()
    return Organs(vessels, lungs, muscles, kidneys, abdomen, ureters, crura, renal)


def _first(volume: Volume, image: CoarseImage, t12_lower_end_s_mm: float | None) -> tuple[Vessels, Lungs, Muscles]:
    """The three that need nothing of each other."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(find_vessels, volume, image, t12_lower_end_s_mm)
        lungs, muscles = find_lungs(image, t12_lower_end_s_mm), find_muscles(image, t12_lower_end_s_mm)
        return waiting.result(), lungs, muscles


def _trunks(image: CoarseImage, vessels: Vessels) -> tuple[Trunk, ...]:
    """Aorta and cava as the renal vessels hang on them."""
    return tuple(
        Trunk(one.structure, one.course_mm, one.region.on(image.geometry), float(np.median(one.hu)))
        for one in vessels.found
        if one.side is None
    )


def _drawn(image: CoarseImage, *regions: Region | None) -> BoolArray:
    taken = np.zeros(image.geometry.shape, dtype=bool)
    for region in regions:
        if region is not None:
            taken |= region.on(image.geometry)
    return taken
