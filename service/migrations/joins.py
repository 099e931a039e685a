"""Schema 3: scans that a person joined by hand."""

from __future__ import annotations

from service.migrations.step import Step

_TABLE = """
CREATE TABLE joins (
    series_instance_uid VARCHAR NOT NULL,
    other_series_uid VARCHAR NOT NULL,
    at_s FLOAT NOT NULL,
    said_by VARCHAR NOT NULL,
    PRIMARY KEY (series_instance_uid, other_series_uid)
)
"""

JOINS = Step(
    "scans joined by hand",
    (_TABLE,),
)
