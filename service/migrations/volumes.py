"""Schema 4: which of several volumes of a series a person chose."""

from __future__ import annotations

from service.migrations.step import Step

VOLUMES = Step(
    "volumes chosen by hand",
    ("ALTER TABLE cases ADD COLUMN volume VARCHAR NOT NULL DEFAULT ''",),
)
