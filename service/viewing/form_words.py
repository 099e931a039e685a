"""Every word of the pages around a case, in German and English: login, worklist, the stages of a case that is computed."""

from __future__ import annotations

from collections.abc import Mapping

_TEXTS = {
    "title": ("Arbeitsliste", "Worklist"),
    "log_in": ("Anmelden", "Log in"),
    "log_out": ("Abmelden", "Log out"),
    "name": ("Name", "Name"),
    "password": ("Passwort", "Password"),
    "wrong": ("Name oder Passwort ist falsch.", "Name or password is wrong."),
    "wait": ("Zu viele Versuche. Bitte einige Minuten warten.", "Too many tries. Please wait some minutes."),
    "patient": ("Patient", "Patient"),
    "study": ("Studie", "Study"),
    "procedure": ("Verfahren und Ziel", "Procedure and target"),
    "state": ("Stand", "State"),
    "held": ("Geöffnet von", "Open by"),
    "open": ("Öffnen", "Open"),
    "none": ("Keine Fälle. Sobald eine Serie segmentiert ist, steht sie hier.", "No cases. A series is listed once it is segmented."),
    "waiting": ("kein Ziel gewählt", "no target chosen"),
    "draft": ("Entwurf", "draft"),
    "changed": ("Entwurf, von Hand geändert", "draft, changed by hand"),
    "signed": ("unterschrieben", "signed"),
    "export_pending": ("unterschrieben, Export läuft", "signed, export under way"),
    "export_sent": ("unterschrieben, im PACS", "signed, in the PACS"),
    "export_dead": ("unterschrieben, EXPORT FEHLGESCHLAGEN", "signed, EXPORT FAILED"),
    "export_none": ("unterschrieben, kein PACS eingestellt", "signed, no PACS in the settings"),
    "rehearsal": ("Probe (Lage)", "rehearsal (position)"),
    "no_path": ("kein sicherer Weg", "no safe path"),
    "running": ("In Rechnung:", "Being computed:"),
    "case": ("Fall", "case"),
    "opening": ("Der Fall wird geöffnet ...", "Opening the case ..."),
    "ended": ("Die Ansicht dieses Falls wurde unerwartet beendet. Ihre Änderungen sind gespeichert.",
              "This case's view ended unexpectedly. Your changes are kept."),
    "refresh": ("Aktualisieren", "Refresh"),
    "no_id": ("keine ID", "no ID"),
    "viewer": ("liest", "reads"),
    "planner": ("plant", "plans"),
    "admin": ("verwaltet", "administers"),
    "left": ("noch etwa {seconds:.0f} s bis zum Plan", "about {seconds:.0f} s to the plan"),
    "left_unknown": ("Dauer noch nie gemessen", "never timed yet"),
    "again": ("Zur Arbeitsliste", "To the worklist"),
    "device": ("Kein zertifiziertes Medizinprodukt. Jeder Plan ist ein Entwurf, den eine Ärztin oder ein Arzt prüft.",
               "Not a certified medical device. Every plan is a draft for a physician to check."),
}  # fmt: skip

_STAGES = {
    "reading": ("Bilder lesen", "reading the images"), "working grid": ("Bilder aufbereiten", "preparing the images"),
    "skin": ("Haut suchen", "finding the skin"), "bone": ("Knochen suchen", "finding bone"),
    "canal": ("Spinalkanal suchen", "finding the canal"), "discs": ("Bandscheiben suchen", "finding discs"),
    "marrow": ("Knochenmark suchen", "finding marrow"), "pelvis": ("Becken suchen", "finding the pelvis"),
    "ribs": ("Rippen suchen", "finding ribs"), "vertebrae": ("Wirbel suchen", "finding vertebrae"),
    "foramina": ("Foramina suchen", "finding foramina"), "nerve roots": ("Nervenwurzeln zeichnen", "drawing nerve roots"),
    "facets": ("Gelenke suchen", "finding joints"), "sac": ("Duralsack suchen", "finding the thecal sac"),
    "organs": ("Organe suchen", "finding organs"), "labels": ("Anatomie zusammensetzen", "composing the anatomy"),
    "writing labels": ("Anatomie schreiben", "writing the anatomy"), "planning": ("Wege suchen", "searching for paths"),
    "pictures": ("Bilder zeichnen", "drawing pictures"), "sheet": ("Planblatt schreiben", "writing the sheet"),
    "DICOM objects": ("DICOM-Objekte schreiben", "writing DICOM objects"), "network": ("Netz rechnet", "running the network"),
    "registration": ("frühere Aufnahme zuordnen", "laying an earlier scan over it"),
    "landmarks of the earlier scan": ("frühere Aufnahme lesen", "reading the earlier scan"),
    "pictures of both scans": ("Bilder beider Aufnahmen", "pictures of both scans"),
    "carrying what was drawn": ("Gezeichnetes übertragen", "carrying what was drawn"),
    "starts": ("beginnt", "starting"),
}  # fmt: skip
"""By the stage's name as a case tells it."""


def say_in(language: str) -> Mapping[str, str]:
    """Every word by its key."""
    return {key: pair[language == "en"] for key, pair in _TEXTS.items()}


def stage_words(stage: str, language: str) -> str:
    """A stage of a case; one that the table does not know stays as it is called."""
    german, english = _STAGES.get(stage, (stage, stage))
    return english if language == "en" else german
