"""Settings: one TOML file, then the environment, read once and checked; one module per group of tables."""

from service.settings.keeping import DatabaseSettings, RetentionSettings
from service.settings.loading import ENVIRONMENT_PREFIX, NOT_SETTINGS, SETTINGS_VARIABLE, load_settings
from service.settings.network import (
    Confirm,
    Destination,
    DestinationTls,
    ReceiverSettings,
    ReceiverTls,
    Retrieve,
    SendBy,
    host_and_port,
)
from service.settings.orders import OrderCode, WorklistSettings
from service.settings.rules import Action, Match, Rule
from service.settings.running import (
    InboxSettings,
    JobSettings,
    OutboxSettings,
    Publish,
    StorageSettings,
    ViewerSettings,
)
from service.settings.watching import AuditSettings, MetricsSettings, Notification
from service.settings.whole import Settings

__all__ = [
    "ENVIRONMENT_PREFIX",
    "NOT_SETTINGS",
    "SETTINGS_VARIABLE",
    "Action",
    "AuditSettings",
    "Confirm",
    "DatabaseSettings",
    "Destination",
    "DestinationTls",
    "InboxSettings",
    "JobSettings",
    "Match",
    "MetricsSettings",
    "Notification",
    "OrderCode",
    "OutboxSettings",
    "Publish",
    "ReceiverSettings",
    "ReceiverTls",
    "RetentionSettings",
    "Retrieve",
    "Rule",
    "SendBy",
    "Settings",
    "StorageSettings",
    "ViewerSettings",
    "WorklistSettings",
    "host_and_port",
    "load_settings",
]
