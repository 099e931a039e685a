"""All that is known of one case, as plain numbers for the report.

In: a ``Case`` and the ``Anatomy`` found in it, on one grid. Out: one dictionary that JSON can hold.
"""

from __future__ import annotations

from typing import Any

from accuracy_cases import Case
from accuracy_landmarks import canal_of, discs_of, facets_of, landmarks_of, names_of
from accuracy_overlaps import below_the_arch, gas_held, hull, risks, structures, vertebrae

from planner.anatomy.model import Anatomy


def measure(case: Case, anatomy: Anatomy) -> dict[str, Any]:
    """All that is known of one case."""
    rows = [*hull(case, anatomy), *structures(case, anatomy), *below_the_arch(case, anatomy)]
    rows += vertebrae(case, anatomy)
    return {
        "structures": rows,
        "at_risk": list(risks(case, anatomy)),
        "gas": gas_held(case, anatomy),
        "canal": canal_of(case, anatomy),
        "discs": discs_of(case, anatomy),
        "names": list(names_of(case, anatomy)),
        "facets": list(facets_of(case, anatomy)),
        "landmarks": list(landmarks_of(case, anatomy)),
        "warnings": list(anatomy.warnings),
        "naming": anatomy.naming,
        "confidence": {str(k): v for k, v in anatomy.confidence.items()},
        "uncertainty_mm": {str(k): v for k, v in anatomy.uncertainty_mm.items()},
    }
