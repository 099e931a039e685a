"""Why nothing was made: refusals that stand on the page, in English and German."""
# ruff: noqa: ISC004 - pairs of long sentences, English first

from __future__ import annotations

from service.german.template import Pairs

OF_REFUSALS: Pairs = (
    ("{place}: {needle}, {mm} mm, {angles}", "{place}: {needle}, {mm} mm, {angles}"),
    ("same Patient ID, issuer and birth date", "gleiche Patienten-ID, gleicher Herausgeber, gleiches Geburtsdatum"),
    ("by hand: a person says so, the identity does not prove it", "von Hand: eine Person sagt es, die Identität beweist es nicht"),
    ("inputs are in different frames of reference ({left} and {right}); register them first, or plan on one series",
     "die Eingaben haben verschiedene Bezugssysteme ({left} und {right}); erst registrieren, oder auf einer Serie planen"),
    ("anatomy is found on CT only, this image is {what}; plan on a CT of the same region",
     "Anatomie wird nur im CT gefunden, dieses Bild ist {what}; auf einem CT derselben Region planen"),
    ("{what} is planned on {given} only, this image is {valid}, which does not show the joints and bone that it needs; plan on a CT",
     "{what} wird nur auf {given} geplant, dieses Bild ist {valid} und zeigt die nötigen Gelenke und Knochen nicht; auf einem CT planen"),
    ("no {name} found ({said}); {said_2}", "{name} nicht gefunden ({said}); {said_2}"),
    ("{what} {given} is not known; valid: {valid}", "{what} {given} ist nicht bekannt; gültig: {valid}"),
    ("{place} is not in this scan (found: {found}); {said}", "{place} liegt nicht in diesem Scan (gefunden: {found}); {said}"),
    ("no place for a tip at {place} (left out: {counts}); look there for what is drawn wrongly, or plan another target",
     "kein Platz für eine Spitze: {place} (ausgelassen: {counts}); dort nachsehen, was falsch gezeichnet ist, oder ein anderes Ziel planen"),
    ("Patient Position says {said}, the image shows a body {pose} (confidence {n}: {evidence}); correct the series' position, or scan again",
     "Patient Position sagt {said}, das Bild zeigt {pose} (Sicherheit {n}: {evidence}); Lage der Serie berichtigen oder neu scannen"),
    ("the site's {what}: {given} is not possible; allowed: {allowed}", "{what} dieses Hauses: {given} ist nicht möglich; erlaubt: {allowed}"),
    ("choose another level", "eine andere Höhe wählen"),
    ("plan the series again", "die Serie neu planen"),
    ("plan it by itself", "für sich allein planen"),
    ("give another z", "ein anderes z angeben"),
    ("nowhere looked for", "nirgends gesucht"),
    ("plan the joint itself (--procedure facet), or scan one vertebra further up",
     "das Gelenk selbst planen (--procedure facet) oder einen Wirbel weiter oben scannen"),
    ("anchor one level (--anchor L3@Z) or give the place (--level @Z)", "eine Höhe benennen (--anchor L3@Z) oder den Ort angeben (--level @Z)"),
    ("scan the sacrum down to S2 in thin slices, or plan S1 by hand; L1 to L5 are planned",
     "das Kreuzbein dünnschichtig bis S2 scannen oder S1 von Hand planen; L1 bis L5 werden geplant"),
    ("the calculation ended before it was done; nothing was changed, try again",
     "die Rechnung endete, bevor sie fertig war; nichts wurde geändert, bitte noch einmal"),
    ("the images are no DICOM series: there is no patient to sign for",
     "die Bilder sind keine DICOM-Serie: es gibt keinen Patienten, für den unterschrieben werden kann"),
    ("{n} things keep this plan from release: {said}", "{n} Punkte sperren die Freigabe: {said}"),
    ("{n} warnings are not ticked: {said}", "{n} Hinweise sind nicht abgehakt: {said}"),
    ("the plan was changed after it was read; read it again, then sign",
     "der Plan wurde nach dem Lesen geändert; noch einmal lesen, dann unterschreiben"),
    ("there is nothing to sign", "es gibt nichts zu unterschreiben"),
    ("{level} is not in both scans (laid over: {levels}); nothing is carried over there",
     "{level} liegt nicht in beiden Scans (registriert: {levels}); dort wird nichts übertragen"),
    ("{level} fits with a residual of {mm} mm, allowed are {mm_2} mm; nothing is carried over there",
     "{level} passt mit einem Restfehler von {mm} mm, erlaubt sind {mm_2} mm; dort wird nichts übertragen"),
    ("earlier scan at {level}: residual {mm} mm, above {mm_2} mm; not used",
     "früherer Scan bei {level}: Restfehler {mm} mm, über {mm_2} mm; nicht verwendet"),
    ("no vertebra fits within {mm} mm (the best one: {mm_2} mm); check the patient, or use a scan with thinner slices",
     "kein Wirbel passt auf {mm} mm (der beste: {mm_2} mm); Patient prüfen oder einen Scan mit dünneren Schichten nehmen"),
    ("the scans fit {n} times as well as one level off, at least {n_2} is needed; they may show other levels or another patient: check both, "
     "or use a longer scan",
     "die Scans passen {n}-mal so gut wie um eine Höhe verschoben, nötig ist {n_2}; sie können andere Höhen oder eine andere Person zeigen: "
     "beide prüfen oder einen längeren Scan nehmen"),
    ("surely named vertebrae that both scans show: {levels}, at least {n} are needed; name a level in each scan",
     "sicher benannte Wirbel, die beide Scans zeigen: {levels}, nötig sind {n}; in jedem Scan eine Höhe benennen"),
    ("the bodies of {level} and {level_2} lie {mm} mm apart in the earlier scan and {mm_2} mm today, more than {mm_3} mm a level is not one "
     "spine; check the patient and the level names of both scans",
     "die Wirbelkörper {level} und {level_2} liegen im früheren Scan {mm} mm, heute {mm_2} mm auseinander; mehr als {mm_3} mm je Höhe ist nicht "
     "dieselbe Wirbelsäule; Patient und Höhennamen beider Scans prüfen"),
    ("the earlier scan's Patient ID, issuer or birth date is not today's; it is another patient's scan and is not laid over",
     "Patienten-ID, Herausgeber oder Geburtsdatum des früheren Scans sind nicht die heutigen; es ist der Scan einer anderen Person und wird "
     "nicht registriert"),
)  # fmt: skip
