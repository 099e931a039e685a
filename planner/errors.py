"""Why the planner refuses: one class per reason a caller can act on.

Each constructor takes facts and writes the sentence a user reads: what was wrong, the value,
the limit, and what to do. No sentence ever holds patient data.
"""

from collections.abc import Mapping


class PlannerError(Exception):
    """Base of everything the planner refuses."""


class GeometryError(PlannerError):
    """A grid that cannot be a volume in patient space."""


class FrameMismatchError(PlannerError):
    """Two inputs live in different DICOM frames of reference."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(
            f"inputs are in different frames of reference ({left} and {right}); "
            "register them first, or plan on one series"
        )


class ModalityError(PlannerError):
    """An image whose modality has no anatomy in this version."""

    def __init__(self, modality: str) -> None:
        super().__init__(f"anatomy is found on CT only, this image is {modality}; plan on a CT of the same region")


class GuidanceError(PlannerError):
    """A procedure on an image of a kind that does not show what it needs."""

    def __init__(self, title: str, made_for: str, given: str) -> None:
        super().__init__(
            f"{title} is planned on {made_for} only, this image is {given}, which does not show the joints and bone that it needs; plan on a CT"
        )


class AnatomyError(PlannerError):
    """The image does not show what the anatomy starts from."""

    def __init__(self, missing: str, found: str, advice: str) -> None:
        super().__init__(f"no {missing} found ({found}); {advice}")


class UnknownNameError(PlannerError):
    """A level, root or side that does not exist."""

    def __init__(self, kind: str, given: str, valid: str) -> None:
        super().__init__(f"{kind} {given!r} is not known; valid: {valid}")


class LevelNotFoundError(PlannerError):
    """The named or placed level is not in this scan, or its name is not anchored."""

    def __init__(self, asked: str, available: str, advice: str) -> None:
        super().__init__(f"{asked} is not in this scan (found: {available}); {advice}")


class NoTipError(PlannerError):
    """A target at which no place for a needle's tip was found."""

    def __init__(self, target: str, rejected: Mapping[str, int]) -> None:
        counts = ", ".join(f"{name} {count}" for name, count in rejected.items()) or "nowhere looked for"
        super().__init__(
            f"no place for a tip at {target} (left out: {counts}); look there for what is drawn wrongly, or plan another target"
        )


class PositionConflictError(PlannerError):
    """The series says one position, the image shows another."""

    def __init__(self, said: str, shown: str, confidence: float, evidence: str) -> None:
        super().__init__(
            f"Patient Position says {said}, the image shows a body {shown} (confidence {confidence:.2f}: {evidence}); "
            "correct the series' position, or scan again"
        )


class RegistrationError(PlannerError):
    """Two scans that cannot be laid over each other well enough to carry anything across."""


class OverrideError(PlannerError):
    """A site's own value that no plan can be made with."""

    def __init__(self, what: str, given: str, allowed: str) -> None:
        super().__init__(f"the site's {what}: {given} is not possible; allowed: {allowed}")
