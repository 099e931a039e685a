"""Why the service refuses: one class per reason a caller can act on. No sentence holds patient data."""

from __future__ import annotations

from collections.abc import Iterable


class ServiceError(Exception):
    """Base of everything the service refuses."""


class SettingsError(ServiceError):
    """A settings file or environment variable that cannot be used."""


class UnknownSettingError(SettingsError):
    """A key that no setting has; most often a spelling."""

    def __init__(self, key: str, valid: Iterable[str]) -> None:
        super().__init__(f"setting {key!r} is not known; valid here: {', '.join(sorted(valid))}")


class RequestError(ServiceError):
    """What was asked for cannot be understood, or is not said."""


class MissingPartError(ServiceError):
    """A library or file that this command needs is not installed."""

    def __init__(self, part: str, needed_for: str, install: str) -> None:
        super().__init__(f"{part} is missing, {needed_for} needs it; install it with: {install}")


class JobDiedError(ServiceError):
    """A case's process ended without an answer."""

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(f"the case's process died (exit code {exit_code}); other cases go on")
        self.exit_code = exit_code


class JobTimeLimitError(ServiceError):
    """A case took longer than the settings allow."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(f"the case took longer than {limit_s:g} s and was stopped; raise jobs.time_limit_seconds")


class JobFailedError(ServiceError):
    """A case's process met an unforeseen error; only its kind is kept, since its text may hold patient data."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"the case failed with an unforeseen {kind}; please report it")
        self.kind = kind


class JobRefusedError(ServiceError):
    """A case's process refused its input; the sentence says why and what to do."""


class ComputeAwayError(ServiceError):
    """Nobody is there to compute; cases wait until somebody is."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no worker can be reached ({reason}); the case waits, check jobs.scheduler and its workers")
