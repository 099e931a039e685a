"""What the service asks of received images; ``arrivals.py`` answers."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from service.orders import Order
from service.routing import SeriesTags


class Incoming(Protocol):
    """Where received images lie, and what they say of themselves."""

    def folder_of(self, series_uid: str) -> Path:
        """The folder that holds the images of one series."""

    def tags_of(self, series_uid: str) -> SeriesTags:
        """What rules can match on."""

    def order_for(self, tags: SeriesTags) -> Order | None:
        """What is ordered for a series."""

    @property
    def orders_version(self) -> int:
        """Grows whenever the orders change."""
