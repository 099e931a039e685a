"""The planner's own sentences in German: each fixed sentence by itself, each with values by a template.

In: a sentence as every other output has it. Out: German, or the sentence itself where none stands here: nothing is left out, and
nothing is said that the planner did not say.
"""

from __future__ import annotations

import re

from dicom_io.report import NO_PATIENT_ID
from planner.aims.beside_aorta import NOT_DRAWN
from planner.aims.facet_joint import CHOICE_NOTE, CONE_LENGTH_MM, CONE_NOTE, CORONAL_NOTE
from planner.procedures.celiac import BOTH_SIDES
from planner.procedures.medial_branch import SITE_CHOICE
from planner.procedures.prt_retrodiscal import NEARER_ROOT
from planner.procedures.sympathetic import ONE_SIDE, SECOND_STAGE, TWO_STAGES
from planner.structures import Side, Structure
from service.series_facts import BREATHING_UNKNOWN, FRAME_DERIVED, NO_CHECKLIST, NO_DICOM
from viz.viewer.words import Language, pose_words, side_words, structure_words

TITLES = {
    "prt": "Periradikuläre Therapie, T10 bis S1",
    "prt-retrodiscal": "Periradikuläre Therapie, lumbal, retrodiskal",
    "facet": "Facettengelenkblockade, intraartikulär",
    "medial-branch": "Blockade der Rami mediales, untere BWS und LWS",
    "lumbar-sympathetic": "Lumbale Sympathikusblockade, diagnostisch",
    "lumbar-sympathetic-neurolysis": "Lumbale Sympathikolyse, neurolytisch",
    "splanchnic": "Splanchnikus- oder retrokrurale Zöliakusblockade, diagnostisch",
    "splanchnic-neurolysis": "Splanchnikus- oder retrokrurale Zöliakusneurolyse",
    "celiac": "Plexus-coeliacus-Blockade, dorsal antekrural, diagnostisch",
    "celiac-neurolysis": "Plexus-coeliacus-Neurolyse, dorsal antekrural",
}
"""By the procedure's key."""

_FIXED = {
    "The scan position is inferred from the image, not stated by the series; confirm it.": "Die Lage beim Scan ist aus dem Bild erschlossen, die Serie nennt sie nicht: bestätigen.",
    "no path is safe": "kein Weg ist sicher",
    "Rehearsal: table and gantry were not applied.": "Probe: Tisch und Gantry sind nicht berücksichtigt.",
    NO_CHECKLIST: "Klinische Checkliste und Kontraindikationen sind nicht erfasst: diese Version hat keine Fragen dafür.",
    BREATHING_UNKNOWN: "Die Atemlage des Scans ist unbekannt.",
    FRAME_DERIVED: "Die Bilder haben keine Frame of Reference UID: sie ist aus der Serie abgeleitet und gilt für keine andere.",
    NO_DICOM: "Die Bilder sind keine DICOM-Serie: Patient, Serie und Schichten sind unbekannt.",
    NO_PATIENT_ID: "Die Bilder haben keine Patienten-ID.",
    NOT_DRAWN: "NICHT GEZEICHNET von diesem Programm: Truncus coeliacus, A. mesenterica superior, Pankreas, Nebennieren; "
    "der Zwerchfellschenkel nur, wo er zu sehen ist. Am Bild prüfen, dass die Spitze vor dem Schenkel liegt, zwischen beiden Arterien, eher kranial als kaudal.",
    CHOICE_NOTE: "Zuerst kommt der hintere Gelenkspalt; eine Spitze 7 mm oder mehr darüber oder darunter liegt in einem Recessus: "
    "unten zweite, oben dritte Wahl.",
    CORONAL_NOTE: "Der Spalt dieses Gelenks zeigt nach hinten: keine Nadel kommt von dorsal hinein; gezielt wird auf den unteren "
    "Recessus, steil von kaudal (angenommen).",
    CONE_NOTE: f"Die beiden eigenen Gelenkfortsätze werden auf {CONE_LENGTH_MM:g} mm Spalttiefe in einem schmalen Kegel nicht geprüft; "
    "aller andere Knochen wird es.",
    SITE_CHOICE: "Die Blockade der Rami mediales unter CT ist die Wahl dieses Hauses: Leitlinien beschreiben sie unter Durchleuchtung "
    "(pijn.com, Klessinger).",
    ONE_SIDE: "Eine Seite in einer Sitzung (Alkohol am lumbalen Grenzstrang, n = 136: qxmd 18702019).",
    TWO_STAGES: "Erste Stufe: Test mit Lokalanästhetikum; sein Ergebnis entscheidet über die zweite.",
    SECOND_STAGE: "Zweite Stufe, Alkohol: zuerst zeigt ein Kontrollscan die Kontrastmittelverteilung; Wurzel oder Psoas erreicht: Abbruch.",
    BOTH_SIDES: "Nach der Quelle beidseits (fliphtml5, Cancer Pain 239-241): --side both; eine Nadel genügt, wo Kontrastmittel kreuzt.",
    NEARER_ROOT: "Retrodiskal: die austretende Wurzel ist der Nadel näher als subpedikulär (ARM 2011;35:833).",
}  # fmt: skip

_SIDE = r"(?P<side>left|right)"
_TEMPLATES = tuple(
    (re.compile(english), german)
    for english, german in (
        (r"Rehearsal: scanned (?P<pose>.+), treated (?P<pose_2>.+); re-scan in treatment position: anatomy and skin move\.",
         "Probe: Scan in {pose}, Behandlung in {pose_2}; in Behandlungslage neu scannen: Anatomie und Haut verschieben sich."),
        (r"NOT CHECKED: (?P<structure>.+) was not found in this scan\.", "NICHT GEPRÜFT: {structure} in diesem Scan nicht gefunden."),
        (r"(?P<structure>[a-z ]+): confidence (?P<a>[\d.]+), (?P<b>[\d.]+) is needed; check it\.",
         "{structure}: Sicherheit {a}, nötig {b}: prüfen."),
        (rf"The (?P<order>.+), {_SIDE}, has confidence (?P<b>[\d.]+); check it\.", "{order}, {side}: Sicherheit {b}: prüfen."),
        (r"The level was chosen by place \((?P<a>.+)\); name it\.", "Die Höhe wurde nach dem Ort gewählt ({a}): benennen."),
        (r"The name (?P<a>.+) is not certain; confirm it\.", "Der Name {a} ist nicht sicher: bestätigen."),
        (rf"(?P<order>.+), {_SIDE}: no path for (?P<b>\d+) G; planned for (?P<c>\d+) G\.",
         "{order}, {side}: kein Weg für {b} G; geplant für {c} G."),
        (rf"(?P<order>.+), {_SIDE}: no safe path; of (?P<b>\d+) examined: (?P<c>.+)\.",
         "{order}, {side}: kein sicherer Weg; von {b} geprüften verworfen: {c}."),
        ((r"A needle straight down this foramen would aim (?P<a>\d+) degrees caudally, (?P<b>\d+) are allowed: scan again prone with a "
         r"pillow under the abdomen, the sacrum stands steeper then \(pijn\.com, lumbar transforaminal\)\."),
         ("Eine Nadel gerade in dieses Foramen zielte {a} Grad nach kaudal, erlaubt sind {b}: in Bauchlage mit Kissen unter dem Bauch neu "
         "scannen, das Kreuzbein steht dann steiler (pijn.com, lumbal transforaminal).")),
        ((r"Sacral foramen: the openings lie within (?P<a>[\d.]+) mm; the tip stays (?P<b>[\d.]+) mm dorsal of the ventral opening "
         r"\(assumed\)\. Medial and lateral tips are offered: fewer vessels were met medially \(10\.1155/2017/6426802\)\."),
         ("Sakralforamen: die Öffnungen liegen auf {a} mm genau; die Spitze bleibt {b} mm dorsal der ventralen Öffnung (angenommen). "
         "Mediale und laterale Spitzen sind angeboten: medial wurden weniger Gefäße getroffen (10.1155/2017/6426802).")),
        ((r"(?P<structure>[a-z ]+): not seen over (?P<a>\d+) mm (?P<way>cranially|caudally) of where it is drawn; a zone along the spine is kept "
         r"clear there \(confidence (?P<b>[\d.]+)\)"),
         "{structure}: auf {a} mm {way} von dort, wo sie gezeichnet ist, nicht zu sehen; eine Zone an der Wirbelsäule bleibt frei (Sicherheit {b})"),
        ((r"(?P<structure>[a-z ]+): carried along its usual course where its outline is not seen; up to (?P<a>\d+) mm around it are kept "
         r"clear there \(confidence (?P<b>[\d.]+)\)"),
         ("{structure}: wo ihr Umriss nicht zu sehen ist, auf ihrem üblichen Verlauf weitergeführt; dort bleiben bis zu {a} mm um sie frei "
         "(Sicherheit {b})")),
        ((r"(?P<iliac>iliac .+): not seen in this scan, or not to their ends; the band in front of L4 to S1 and along the pelvic brim where "
         r"they run in most people is kept clear there \(confidence (?P<a>[\d.]+)\)"),
         ("{iliac}: in diesem Scan nicht oder nicht bis zum Ende zu sehen; das Band vor L4 bis S1 und am Beckeneingang, in dem sie bei den "
         "meisten verlaufen, bleibt frei (Sicherheit {a})")),
        ((rf"{_SIDE} renal (?P<vessel>artery|vein): not seen; a band from the kidney to the (?P<structure>.+) is kept clear "
         r"\(confidence (?P<a>[\d.]+)\)"),
         "{vessel}, {side}: nicht zu sehen; ein Band von der Niere zu {structure} bleibt frei (Sicherheit {a})"),
        (rf"{_SIDE} renal (?P<vessel>artery|vein): seen over (?P<a>\d+)% of the way from the kidney to the (?P<structure>.+)",
         "{vessel}, {side}: auf {a} % des Weges von der Niere zu {structure} zu sehen"),
        (rf"{_SIDE} ureter: not looked for; a zone of (?P<a>\d+) mm along its usual course is kept clear \(confidence (?P<b>[\d.]+)\)",
         "Harnleiter, {side}: nicht gesucht; eine Zone von {a} mm um seinen üblichen Verlauf bleibt frei (Sicherheit {b})"),
        (r"Place (?P<order>.+): the deepest first, and of equally deep ones the one that forgives least\.",
         "Zuerst die tiefste, von gleich tiefen die mit der kleinsten Toleranz: {order}."),
        (r"(?P<order>.+) share one puncture: one needle, drawn back and turned\.",
         "{order}: ein Einstich, eine Nadel, zurückgezogen und gewendet."),
        (r"Not applied, as unknown: reach of (?P<reach>.+)\.", "Nicht angewandt, weil unbekannt: {reach}."),
        (r"SITE VALUE: (?P<a>.+)\.", "WERT DIESES HAUSES: {a}."),
        (r"LEFT OUT by the site: (?P<a>.+)\.", "AUSGELASSEN von diesem Haus: {a}."),
    )
)  # fmt: skip


def in_german(sentence: str) -> str:
    """The sentence in German where a template stands for it; else as it is."""
    if sentence in _FIXED:
        return _FIXED[sentence]
    for english, german in _TEMPLATES:
        found = english.fullmatch(sentence)
        if found is not None:
            return german.format(**{name: _value(name, value) for name, value in found.groupdict().items()})
    return sentence


_NAMES = tuple(
    (re.compile(english), german)
    for english, german in (
        (r"facet joint (\S+)", r"Facettengelenk \1"),
        (r"(\w+) medial branch at the (\w+) transverse process", r"Ramus medialis \1 am Querfortsatz \2"),
        (
            r"(\w+) dorsal ramus at the S1 articular process and ala",
            r"Ramus dorsalis \1 an Gelenkfortsatz und Ala von S1",
        ),
        (r"sympathetic trunk at (\w+)", r"Grenzstrang auf Höhe \1"),
        (r"splanchnic nerves at (\w+)", r"Nn. splanchnici auf Höhe \1"),
        (r"celiac plexus at (\w+)", r"Plexus coeliacus auf Höhe \1"),
        (r"(\w+) root, sacral foramen (\S+)", r"Wurzel \1, Sakralforamen \2"),
        (r"(\w+) root, foramen (\S+?), retrodiscal", r"Wurzel \1, Foramen \2, retrodiskal"),
        (r"(\w+) root, foramen (\S+?)(?=,|$)", r"Wurzel \1, Foramen \2"),
        (r", left\b", ", links"),
        (r", right\b", ", rechts"),
        (r", then ", ", dann "),
        (r" and ", " und "),
    )
)
"""What a needle goes to, wherever it stands in a sentence."""

_WORDS = {
    "artery": "Nierenarterie", "vein": "Nierenvene", "cranially": "kranial", "caudally": "kaudal",
    "iliac arteries and iliac veins": "Iliakalarterien und -venen", "iliac arteries": "Iliakalarterien", "iliac veins": "Iliakalvenen",
    "gantry bore and table": "Reichweite in Gantry und Tisch", "gantry bore": "Reichweite in der Gantry", "table": "Reichweite am Tisch",
}  # fmt: skip


def names_in_german(words: str) -> str:
    """Targets in German, wherever their English names stand: *facet joint L4/L5, left* is *Facettengelenk L4/L5, links*."""
    for english, german in _NAMES:
        words = english.sub(german, words)
    return words


def _value(name: str, value: str) -> str:
    if name == "order":
        return names_in_german(value)
    if name in {"vessel", "way", "iliac", "reach"}:
        return _WORDS.get(value, value)
    if name == "side":
        return side_words(Side(value), Language.GERMAN)
    if name.startswith("pose"):
        return pose_words(value, Language.GERMAN)
    structure = next((one for one in Structure if one.words == value), None) if name == "structure" else None
    return value if structure is None else structure_words(structure, Language.GERMAN)
