"""What the planner says, on a German sheet: every fixed sentence, every template, and what has none stays as it is."""

from dataclasses import replace

import numpy as np
import pytest

from planner.aims import beside_aorta, facet_joint
from planner.aims.sacral_foramen import opening_note, steepness_notes
from planner.anatomy.model import Anatomy, SacralForamen
from planner.procedure import Procedure
from planner.procedures import PROCEDURES
from planner.structures import Interspace, Side, SpineLevel
from planner.targets import TargetRequest, find_targets
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from service.german.of_sheet import TITLES, in_german, names_in_german
from tests.dicom_io import plans


def test_every_procedure_has_a_german_title() -> None:
    assert set(TITLES) == set(PROCEDURES)


@pytest.mark.parametrize(
    "note",
    [
        *dict.fromkeys(note for procedure in PROCEDURES.values() for note in procedure.notes),
        *(facet_joint.CHOICE_NOTE, facet_joint.CONE_NOTE, facet_joint.CORONAL_NOTE, beside_aorta.NOT_DRAWN),
    ],
)
def test_every_note_of_a_procedure_has_german_words(note: str) -> None:
    assert in_german(note) != note


def test_what_is_said_of_a_sacral_foramen_has_german_words() -> None:
    foramen = SacralForamen(
        Interspace(SpineLevel.S1, SpineLevel.S2),
        Side.LEFT,
        np.array([20.0, 0.0, 0.0]),
        np.array([20.0, -5.0, -15.0]),
        9.0,
        3.0,
        0.9,
    )
    (steep,) = steepness_notes(PROCEDURES["prt"], foramen)
    assert "72 Grad nach kaudal, erlaubt sind 50" in in_german(steep)
    assert "auf 3.0 mm genau" in in_german(opening_note(foramen))


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (
            "Rehearsal: scanned supine, treated prone; re-scan in treatment position: anatomy and skin move.",
            "Probe: Scan in Rückenlage, Behandlung in Bauchlage; in Behandlungslage neu scannen: Anatomie und Haut verschieben sich.",
        ),
        ("NOT CHECKED: ureter was not found in this scan.", "NICHT GEPRÜFT: Harnleiter in diesem Scan nicht gefunden."),
        ("nerve root: confidence 0.31, 0.5 is needed; check it.", "Nervenwurzel: Sicherheit 0.31, nötig 0.5: prüfen."),
        (
            "The facet joint L4/L5, left, has confidence 0.40; check it.",
            "Facettengelenk L4/L5, links: Sicherheit 0.40: prüfen.",
        ),
        ("The name L4/L5 is not certain; confirm it.", "Der Name L4/L5 ist nicht sicher: bestätigen."),
        (
            "L4 root, foramen L4/L5, right: no path for 22 G; planned for 25 G.",
            "Wurzel L4, Foramen L4/L5, rechts: kein Weg für 22 G; geplant für 25 G.",
        ),
        (
            "L4 root, foramen L4/L5, right: no safe path; of 31 examined: tip: bone 31.",
            "Wurzel L4, Foramen L4/L5, rechts: kein sicherer Weg; von 31 geprüften verworfen: tip: bone 31.",
        ),
        (
            "inferior vena cava: not seen over 52 mm cranially of where it is drawn; a zone along the spine is kept clear there (confidence 0.2)",
            (
                "V. cava inferior: auf 52 mm kranial von dort, wo sie gezeichnet ist, nicht zu sehen; eine Zone an der Wirbelsäule bleibt frei "
                "(Sicherheit 0.2)"
            ),
        ),
        (
            (
                "inferior vena cava: carried along its usual course where its outline is not seen; up to 8 mm around it are kept clear there "
                "(confidence 0.2)"
            ),
            (
                "V. cava inferior: wo ihr Umriss nicht zu sehen ist, auf ihrem üblichen Verlauf weitergeführt; dort bleiben bis zu 8 mm um "
                "sie frei (Sicherheit 0.2)"
            ),
        ),
        (
            "left renal artery: not seen; a band from the kidney to the aorta is kept clear (confidence 0.15)",
            "Nierenarterie, links: nicht zu sehen; ein Band von der Niere zu Aorta bleibt frei (Sicherheit 0.15)",
        ),
        (
            "right renal vein: seen over 83% of the way from the kidney to the inferior vena cava",
            "Nierenvene, rechts: auf 83 % des Weges von der Niere zu V. cava inferior zu sehen",
        ),
        (
            "left ureter: not looked for; a zone of 12 mm along its usual course is kept clear (confidence 0.1)",
            "Harnleiter, links: nicht gesucht; eine Zone von 12 mm um seinen üblichen Verlauf bleibt frei (Sicherheit 0.1)",
        ),
        (
            (
                "Place facet joint L3/L4, right, then facet joint L3/L4, left: the deepest first, and of equally deep ones the one that "
                "forgives least."
            ),
            (
                "Zuerst die tiefste, von gleich tiefen die mit der kleinsten Toleranz: Facettengelenk L3/L4, rechts, dann Facettengelenk "
                "L3/L4, links."
            ),
        ),
        (
            "facet joint L3/L4, left and facet joint L4/L5, left share one puncture: one needle, drawn back and turned.",
            "Facettengelenk L3/L4, links und Facettengelenk L4/L5, links: ein Einstich, eine Nadel, zurückgezogen und gewendet.",
        ),
        (
            "Not applied, as unknown: reach of gantry bore and table.",
            "Nicht angewandt, weil unbekannt: Reichweite in Gantry und Tisch.",
        ),
        ("LEFT OUT by the site: needle length.", "AUSGELASSEN von diesem Haus: needle length."),
    ],
)
def test_a_sentence_keeps_its_values_in_german(english: str, german: str) -> None:
    assert in_german(english) == german


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return make_phantom(PhantomParameters(spacing_mm=(4.0, 3.0, 3.0))).anatomy()


@pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=lambda one: one.key)
def test_every_procedure_s_targets_have_german_names(anatomy: Anatomy, procedure: Procedure) -> None:
    level = "L3/L4" if "/" in procedure.aim.example else str(procedure.levels[-1])
    for target in find_targets(anatomy, procedure, TargetRequest(Side.LEFT, level=level)):
        german = names_in_german(target.words)
        assert german.endswith(", links")
        assert not {"joint", "root", "branch", "nerves", "plexus", "at", "left"} & set(german.replace(",", " ").split())


def test_a_sentence_without_a_template_is_said_as_it_is() -> None:
    plan = replace(plans.plan(), warnings=("Something nobody has foreseen: 3.1 mm.",))
    assert in_german(plan.warnings[0]) == plan.warnings[0]
