"""The tables: instances, cases, their history, exports, scans joined by hand.

Times are seconds since 1970 (UTC). No patient data is stored here: a series is known by its UID only.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Enum, ForeignKey, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class CaseState(StrEnum):
    """Where a case stands."""

    RECEIVING = "receiving"
    WAITING = "waiting"
    READY = "ready"
    QUEUED = "queued"
    RUNNING = "running"
    PLANNED = "planned"
    PUBLISHED = "published"
    FAILED = "failed"
    IGNORED = "ignored"
    STALE = "stale"


class ExportState(StrEnum):
    """Where one export stands: sent means confirmed where the destination asks for it; a dead letter waits for a person.

    What was withdrawn was changed after it was signed and before it was sent; nobody sends it again.
    """

    PENDING = "pending"
    UNCONFIRMED = "unconfirmed"
    SENT = "sent"
    DEAD = "dead"
    WITHDRAWN = "withdrawn"


_STATE_LENGTH = 16
"""Characters of a state's name in the database; longer than any of them."""


class Base(DeclarativeBase):
    """All tables."""


class Instance(Base):
    """One received image; two under one SOP Instance UID are a conflict."""

    __tablename__ = "instances"

    path: Mapped[str] = mapped_column(primary_key=True)
    sop_instance_uid: Mapped[str] = mapped_column(index=True)
    series_instance_uid: Mapped[str] = mapped_column(index=True)
    sha256: Mapped[str]
    is_conflict: Mapped[bool]
    received_at_s: Mapped[float]
    calling_ae_title: Mapped[str]


class Case(Base):
    """One revision of one series."""

    __tablename__ = "cases"
    __table_args__ = (UniqueConstraint("series_instance_uid", "revision"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    series_instance_uid: Mapped[str] = mapped_column(index=True)
    study_instance_uid: Mapped[str]
    revision: Mapped[int]
    state: Mapped[CaseState] = mapped_column(Enum(CaseState, native_enum=False, length=_STATE_LENGTH), index=True)
    reason: Mapped[str]
    folder: Mapped[str]
    last_image_at_s: Mapped[float]
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often it was given out."""
    lease_owner: Mapped[str] = mapped_column(default="", server_default="")
    lease_until_s: Mapped[float] = mapped_column(default=0.0, server_default="0")
    """Given out until then; later the case is given out again."""
    images_purged_at_s: Mapped[float | None] = mapped_column(default=None)
    results_purged_at_s: Mapped[float | None] = mapped_column(default=None)
    volume: Mapped[str] = mapped_column(default="", server_default="")
    """Which of several volumes of the series a person chose (``dicom_io.volumes.CHOICE``); empty: nobody did."""


class HistoryLine(Base):
    """One change of a case's state."""

    __tablename__ = "history"

    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_number: Mapped[int] = mapped_column(ForeignKey("cases.number"), index=True)
    at_s: Mapped[float]
    state: Mapped[CaseState] = mapped_column(Enum(CaseState, native_enum=False, length=_STATE_LENGTH))
    reason: Mapped[str]


class Export(Base):
    """One file on its way to one destination."""

    __tablename__ = "exports"
    __table_args__ = (UniqueConstraint("sop_instance_uid", "destination"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    case_number: Mapped[int] = mapped_column(ForeignKey("cases.number"), index=True)
    path: Mapped[str]
    sop_instance_uid: Mapped[str]
    destination: Mapped[str]
    state: Mapped[ExportState] = mapped_column(Enum(ExportState, native_enum=False, length=_STATE_LENGTH), index=True)
    attempts: Mapped[int]
    due_at_s: Mapped[float]
    last_error: Mapped[str]
    transaction_uid: Mapped[str] = mapped_column(default="", server_default="")
    """Of the storage commitment that was asked for; else empty."""


class Join(Base):
    """Two series that a person says are one patient's, where their identities do not prove it; kept in both directions."""

    __tablename__ = "joins"

    series_instance_uid: Mapped[str] = mapped_column(primary_key=True)
    other_series_uid: Mapped[str] = mapped_column(primary_key=True)
    at_s: Mapped[float]
    said_by: Mapped[str]
    """A person of the site, by the name that was given."""
