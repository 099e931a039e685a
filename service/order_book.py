"""The day's orders, asked of the worklist again and again; the last answer counts until the next one.

In: settings. Out: the order of a series, and a number that grows when the orders change. No identity is logged.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from dicom_io.errors import DicomIoError
from dicom_io.worklist import WorklistItem, find_worklist
from service.logs import Log
from service.nodes import worklist_node
from service.orders import Order, order_for, read_order
from service.routing import SeriesTags
from service.settings import OrderCode, Settings, WorklistSettings

_LOG = Log("orders")


class OrderBook:
    """Orders of today; safe to read while another thread refreshes it."""

    def __init__(self, ask: Callable[[], Sequence[WorklistItem]], codes: Sequence[OrderCode]) -> None:
        self._ask = ask
        self._codes = codes
        self._orders: tuple[Order, ...] = ()
        self._version = 0

    @classmethod
    def of(cls, settings: Settings) -> OrderBook:
        """The book of the settings' worklist; always empty where they name none."""
        worklist = settings.worklist
        if worklist is None:
            return cls(tuple, settings.order_codes)
        return cls(lambda: ask_worklist(worklist, settings.receiver.ae_title, today()), settings.order_codes)

    @property
    def version(self) -> int:
        """Grows whenever the orders change."""
        return self._version

    def for_series(self, tags: SeriesTags) -> Order | None:
        """The order that names this study and this patient."""
        return order_for(self._orders, tags)

    def refresh(self) -> None:
        """Ask once; a worklist that does not answer leaves the orders as they are."""
        try:
            orders = tuple(read_order(item, self._codes) for item in self._ask())
        except DicomIoError:
            _LOG.warning("the worklist did not answer; the orders stay as they were", orders=len(self._orders))
            return
        if orders != self._orders:
            self._orders = orders
            self._version += 1
            unclear = sum(order.request is None for order in orders)
            _LOG.info("orders changed", orders=len(orders), without_target=unclear)

    def keep_fresh(self, every_s: float, stopping: threading.Event) -> None:
        """Refresh at once and then again and again; for a thread of its own."""
        self.refresh()
        while not stopping.wait(every_s):
            self.refresh()


def ask_worklist(worklist: WorklistSettings, calling_ae_title: str, date: str) -> list[WorklistItem]:
    """The items of one day."""
    return find_worklist(worklist_node(worklist, calling_ae_title), date, worklist.modality, worklist.station_ae_title)


def today() -> str:
    """The local date as DICOM writes it."""
    return datetime.now().astimezone().strftime("%Y%m%d")
