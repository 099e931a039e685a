"""All settings as one frozen value; closed by default: loopback only, nobody may send, nothing leaves unsigned."""

from __future__ import annotations

from pydantic import Field, field_validator

from service.settings.keeping import DatabaseSettings, RetentionSettings
from service.settings.network import Destination, ReceiverSettings
from service.settings.orders import OrderCode, WorklistSettings
from service.settings.part import Part
from service.settings.rules import Rule
from service.settings.running import (
    InboxSettings,
    JobSettings,
    OutboxSettings,
    Publish,
    StorageSettings,
    ViewerSettings,
)
from service.settings.segmentation import SegmentationSettings
from service.settings.watching import AuditSettings, MetricsSettings, Notification


class Settings(Part):
    """All settings."""

    publish: Publish = Publish.ON_SIGNATURE
    sheet_language: str = Field(default="en", pattern="^(de|en)$")
    """Of the sheet for the intervention room."""
    receiver: ReceiverSettings = ReceiverSettings()
    storage: StorageSettings = StorageSettings()
    database: DatabaseSettings = DatabaseSettings()
    retention: RetentionSettings = RetentionSettings()
    inbox: InboxSettings = InboxSettings()
    jobs: JobSettings = JobSettings()
    outbox: OutboxSettings = OutboxSettings()
    segmentation: SegmentationSettings = SegmentationSettings()
    viewer: ViewerSettings = ViewerSettings()
    metrics: MetricsSettings = MetricsSettings()
    audit: AuditSettings = AuditSettings()
    notifications: tuple[Notification, ...] = ()
    destinations: tuple[Destination, ...] = ()
    rules: tuple[Rule, ...] = ()
    worklist: WorklistSettings | None = None
    order_codes: tuple[OrderCode, ...] = ()

    @field_validator("destinations")
    @classmethod
    def _names_are_unique(cls, destinations: tuple[Destination, ...]) -> tuple[Destination, ...]:
        names = [destination.name for destination in destinations]
        if len(set(names)) != len(names):
            raise ValueError(f"destination names must differ, got {', '.join(names)}")
        return destinations

    @field_validator("order_codes")
    @classmethod
    def _codes_are_unique(cls, codes: tuple[OrderCode, ...]) -> tuple[OrderCode, ...]:
        pairs = [(one.code, one.scheme) for one in codes]
        if len(set(pairs)) != len(pairs):
            raise ValueError("an order code stands there twice; say each once")
        return codes
