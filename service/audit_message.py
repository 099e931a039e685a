"""The audit trail's lines as DICOM audit messages (PS3.15 A.5), for a hospital's audit record repository.

In: lines of ``audit.jsonl``. Out: one XML message each, with the codes of PS3.16 CID 400 and 401. A line holds no patient
data, so a message names the case and the person who acted, never a patient: the repository joins them by the case.
"""

from __future__ import annotations

import base64
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service.audit import AuditEvent

_KNOWN = ("event", "at_s", "before", "user", "case", "outcome")


@dataclass(frozen=True, slots=True)
class _Kind:
    """Event ID (CID 400), Event Type (CID 401) where there is one, and the action: create, read, update, execute."""

    event_id: tuple[str, str]
    event_type: tuple[str, str] | None
    action: str


_ACTIVITY = ("110100", "Application Activity")
_TRANSFER = ("110104", "DICOM Instances Transferred")
_RECORD = ("110110", "Patient Record")
KINDS = {
    AuditEvent.APPLICATION_START: _Kind(_ACTIVITY, ("110120", "Application Start"), "E"),
    AuditEvent.APPLICATION_STOP: _Kind(_ACTIVITY, ("110121", "Application Stop"), "E"),
    AuditEvent.INSTANCES_RECEIVED: _Kind(_TRANSFER, None, "C"),
    AuditEvent.INSTANCES_SENT: _Kind(_TRANSFER, None, "R"),
    AuditEvent.QUERIED: _Kind(("110112", "Query"), None, "E"),
    AuditEvent.FETCHED: _Kind(_TRANSFER, None, "C"),
    AuditEvent.JOINED: _Kind(_RECORD, None, "U"),
    AuditEvent.VOLUME_CHOSEN: _Kind(_RECORD, None, "U"),
    AuditEvent.IMPORTED: _Kind(("110107", "Import"), None, "C"),
    AuditEvent.CASE_CHANGED: _Kind(("110111", "Procedure Record"), None, "U"),
    AuditEvent.PURGED: _Kind(("110105", "DICOM Study Deleted"), None, "D"),
    AuditEvent.SECURITY_ALERT: _Kind(("110113", "Security Alert"), ("110126", "Node Authentication"), "E"),
    AuditEvent.USER_AUTHENTICATED: _Kind(("110114", "User Authentication"), ("110122", "Login"), "E"),
    AuditEvent.CASE_OPENED: _Kind(_RECORD, None, "R"),
    AuditEvent.PLAN_SIGNED: _Kind(_RECORD, None, "U"),
}


def messages(trail: Path) -> Iterator[str]:
    """One message for each line."""
    with trail.open(encoding="utf-8") as file:
        for line in file:
            yield message(json.loads(line))


def message(line: dict[str, Any]) -> str:
    """The XML of one line (PS3.15 A.5.1)."""
    event = AuditEvent(line["event"])
    kind = KINDS[event]
    root = ET.Element("AuditMessage")
    told = ET.SubElement(
        root,
        "EventIdentification",
        EventActionCode=kind.action,
        EventDateTime=datetime.fromtimestamp(line["at_s"], UTC).isoformat(timespec="milliseconds"),
        EventOutcomeIndicator="4" if event is AuditEvent.SECURITY_ALERT else "0",
    )
    _code(told, "EventID", kind.event_id)
    if kind.event_type is not None:
        _code(told, "EventTypeCode", kind.event_type)
    if "user" in line:
        ET.SubElement(root, "ActiveParticipant", UserID=str(line["user"]), UserIsRequestor="true")
    program = ET.SubElement(
        root, "ActiveParticipant", UserID="needleplan", UserIsRequestor="false" if "user" in line else "true"
    )
    _code(program, "RoleIDCode", ("110150", "Application"))
    source = ET.SubElement(root, "AuditSourceIdentification", AuditSourceID="needleplan")
    ET.SubElement(source, "AuditSourceTypeCode", {"csd-code": "4"})  # an application server process (PS3.15 A.5.1)
    _object(root, line)
    return ET.tostring(root, encoding="unicode")


def _object(root: ET.Element, line: dict[str, Any]) -> None:
    """The case as a report (type 2, role 3), with what else the line tells."""
    facts = {key: value for key, value in line.items() if key not in _KNOWN}
    if "case" not in line and not facts:
        return
    about = ET.SubElement(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=str(line.get("case", "needleplan")),
        ParticipantObjectTypeCode="2",
        ParticipantObjectTypeCodeRole="3",
    )
    _code(about, "ParticipantObjectIDTypeCode", ("case", "case number"), "99NEEDLEPLAN")
    for key, value in sorted(facts.items()):
        ET.SubElement(about, "ParticipantObjectDetail", type=key, value=_base64(str(value)))


def _code(parent: ET.Element, name: str, code: tuple[str, str], scheme: str = "DCM") -> None:
    value, meaning = code
    ET.SubElement(
        parent, name, {"csd-code": value, "codeSystemName": scheme, "originalText": meaning, "displayName": meaning}
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
