"""An order plans only what its codes say, for the study and the patient that it names; everything else waits."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from dicom_io.worklist import Code, WorklistItem
from service.order_book import OrderBook, ask_worklist
from service.orders import Order, order_for, ordered, read_order
from service.routing import DEFAULT_RULES, SeriesTags, route
from service.settings import Action, OrderCode, WorklistSettings
from tests.worklists import coded, order, worklist_server

TABLE = (
    OrderCode(code="PRT-L4", scheme="99SITE", procedure="prt", root="L4"),
    OrderCode(code="PRT", scheme="99SITE", procedure="prt"),
    OrderCode(code="L5", scheme="99SITE", root="L5"),
    OrderCode(code="LI", scheme="99SITE", side="left"),
)
LEFT, RIGHT = Code("7771000", "SCT"), Code("24028007", "SCT")


def site(*values: str) -> tuple[Code, ...]:
    return tuple(Code(value, "99SITE") for value in values)


def item(
    codes: tuple[Code, ...], *, accession: str = "A7", patient: str = "R-1", issuer: str = "", study: str = "1.2.9"
):
    return WorklistItem(
        accession, study, patient, issuer, "Secret^Name", "19600102", "20260105", "101500", "CT", "CT1", "RP1",
        "PRT L4 right", codes,
    )  # fmt: skip


def tags(*, accession: str = "A7", patient: str = "R-1", study: str = "1.2.9", issuer: str = "") -> SeriesTags:
    return SeriesTags("CT", "", "", "", "CT1", study, accession, patient, issuer)


@pytest.mark.parametrize(
    ("codes", "request_words"),
    [
        ((*site("PRT-L4"), LEFT), "prt L4 left"),
        ((*site("PRT-L4"), RIGHT), "prt L4 right"),
        (site("PRT-L4", "LI"), "prt L4 left"),
        (site("PRT", "L5", "LI"), "prt L5 left"),
        ((*site("PRT-L4", "LI"), LEFT, *site("PRT")), "prt L4 left"),
        ((*site("PRT-L4"), Code("51440002", "SCT")), "prt L4 left, L4 right"),
    ],
)
def test_an_orders_codes_say_procedure_level_and_side(codes, request_words) -> None:
    assert str(read_order(item(codes), TABLE).request) == request_words


@pytest.mark.parametrize(
    ("codes", "why"),
    [
        ((), "no code of the order is in order_codes: it has none"),
        (site("CT-ABD"), r"no code of the order is in order_codes: \(CT-ABD, 99SITE\)"),
        ((Code("PRT-L4", "99OTHER"), LEFT), "do not say procedure, level"),
        (site("PRT-L4"), "do not say side"),
        ((*site("PRT"), LEFT), "do not say level"),
        (site("L5", "LI"), "do not say procedure"),
        ((*site("PRT-L4", "LI"), RIGHT), "contradict each other on side"),
        ((*site("PRT-L4", "L5"), LEFT), "contradict each other on root"),
    ],
)
def test_what_the_codes_leave_open_is_never_guessed(codes, why) -> None:
    """The item's free text says *PRT L4 right*; it decides nothing."""
    found = read_order(item(codes), TABLE)
    assert found.request is None
    with pytest.raises(ValueError, match=why):
        raise ValueError(found.why)


def whole(**identity: str) -> Order:
    return read_order(item((*site("PRT-L4"), LEFT), **identity), TABLE)


@pytest.mark.parametrize(
    ("order_says", "series_says", "is_meant"),
    [
        ({}, {}, True),
        ({"study": "1.2.8"}, {}, True),
        ({"accession": "A8"}, {}, True),
        ({"accession": "A8", "study": "1.2.8"}, {}, False),
        ({"patient": "R-2"}, {}, False),
        ({"patient": ""}, {"patient": ""}, False),
        ({"accession": "", "study": ""}, {"accession": "", "study": ""}, False),
        ({"issuer": "HERE"}, {}, True),
        ({"issuer": "HERE"}, {"issuer": "THERE"}, False),
    ],
)
def test_an_order_is_for_its_study_and_its_patient_alone(order_says, series_says, is_meant) -> None:
    assert (order_for([whole(**order_says)], tags(**series_says)) is not None) == is_meant


def test_two_orders_that_ask_for_different_things_plan_nothing() -> None:
    other = read_order(item((*site("PRT-L4"), RIGHT)), TABLE)
    found = order_for([whole(), other], tags())
    assert found is not None
    assert found.request is None
    assert "2 orders ask for different things" in found.why
    assert str(order_for([whole(), whole()], tags()).request) == "prt L4 left"


def test_an_order_plans_what_rules_would_segment_and_overrides_nothing_else() -> None:
    found = route(DEFAULT_RULES, tags())
    assert found.action is Action.SEGMENT
    planned = ordered(found, whole())
    assert (planned.action, str(planned.request)) == (Action.PLAN, "prt L4 left")
    unclear = ordered(found, read_order(item(()), TABLE))
    assert unclear.action is Action.SEGMENT
    assert unclear.why.startswith("no target chosen: no code")
    head = route(DEFAULT_RULES, SeriesTags("CT", "head", "", "", "", "1.2.9", "A7", "R-1"))
    assert ordered(head, whole()).action is Action.IGNORE


def test_no_record_prints_an_identity() -> None:
    for secret in ("R-1", "A7", "Secret", "1960"):
        assert secret not in repr(whole())
        assert secret not in repr(item(()))


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({}, "says nothing"),
        ({"procedure": "magic"}, "names no procedure; valid: .*prt"),
        ({"side": "L"}, "left, right"),
        ({"root": "X9"}, "not known"),
        ({"procedure": "prt", "level": "L4"}, "both vertebrae"),
    ],
)
def test_a_row_of_the_table_says_what_can_be_planned(row, fault) -> None:
    with pytest.raises(ValidationError, match=fault):
        OrderCode(code="X", scheme="99SITE", **row)


@pytest.mark.servers
def test_the_book_follows_a_real_worklist_and_keeps_what_it_knew(tmp_path: Path) -> None:
    asked = order(codes=(coded("PRT-L4"),), protocol=(coded("7771000", "SCT"),))
    with worklist_server(tmp_path, asked, order(accession="A9", date="20260106")) as server:
        settings = WorklistSettings(ae_title=server.called_ae, host=server.host, port=server.port)
        book = OrderBook(lambda: ask_worklist(settings, "NEEDLEPLAN", "20260105"), TABLE)
        assert book.for_series(tags()) is None
        book.refresh()
        book.refresh()
        assert book.version == 1
        assert str(book.for_series(tags()).request) == "prt L4 left"
        assert book.for_series(tags(accession="A9", study="1.3")) is None
    book.refresh()
    assert book.version == 1
    assert book.for_series(tags()) is not None


@pytest.mark.parametrize(("urgency", "priority"), [("STAT", 9), ("HIGH", 7), ("ROUTINE", 5), ("", 5), ("LOW", 3)])
def test_the_worklists_urgency_is_the_cases_priority(urgency, priority):
    urgent = replace(item((*site("PRT-L4"), LEFT)), urgency=urgency)
    assert read_order(urgent, TABLE).priority == priority
    found = ordered(route(DEFAULT_RULES, tags()), read_order(urgent, TABLE))
    assert (found.action, found.priority) == (Action.PLAN, priority)
