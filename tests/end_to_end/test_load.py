"""Several series from several senders at once: everything is planned and in the PACS, the urgent first.

The long form, with figures, is ``benchmarks/load.py``.
"""

from __future__ import annotations

import pytest

from benchmarks import load
from service.demo import sample_series

pytestmark = [pytest.mark.servers, pytest.mark.soak]


@pytest.mark.parametrize("way", ["local-2", "dask-2"])
def test_every_series_of_every_sender_is_planned_and_the_urgent_go_first(tmp_path, way):
    """``measure`` itself ends the run where a case, an object or a report is missing or there twice."""
    orders = load.copies(tmp_path / "sent", sample_series(), 8)
    found = load.measure(tmp_path / "run", orders, way, senders=4, target=("L4", "left"))
    assert found.series == 8
    assert found.urgent_rank < 0.5, "one urgent case of eight: before the middle"
