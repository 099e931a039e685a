"""Schema 2: priorities, leases and tries of cases; when images were purged; confirmation of exports."""

from __future__ import annotations

from service.migrations.step import Step

LEASES = Step(
    "priorities, leases and purges of cases, confirmation of exports",
    (
        "ALTER TABLE cases ADD COLUMN priority INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE cases ADD COLUMN tries INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE cases ADD COLUMN lease_owner VARCHAR NOT NULL DEFAULT ''",
        "ALTER TABLE cases ADD COLUMN lease_until_s FLOAT NOT NULL DEFAULT 0",
        "ALTER TABLE cases ADD COLUMN images_purged_at_s FLOAT",
        "ALTER TABLE cases ADD COLUMN results_purged_at_s FLOAT",
        "ALTER TABLE exports ADD COLUMN transaction_uid VARCHAR NOT NULL DEFAULT ''",
    ),
)
