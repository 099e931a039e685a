"""A case is worked on by one at a time, the most urgent first, and never lost with who took it."""

import threading

import pytest

from service.leases import Lease
from service.rows import CaseState, ExportState
from service.store import NewExport, NewInstance, Store

OURS, THEIRS = Lease("here", 100.0), Lease("there", 100.0)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def address(request, tmp_path):
    return tmp_path / "rows.db" if request.param == "sqlite" else request.getfixturevalue("postgresql")


@pytest.fixture
def store(address):
    opened = Store(address)
    yield opened
    opened.close()


def ready_case(store: Store, number: int, priority: int = 0) -> int:
    case = store.add_instance(NewInstance(f"1.{number}.1", f"1.{number}", "1", f"/{number}.dcm", "x", "CT1"), 1.0)
    store.prioritize(case.number, priority)
    store.move(case.number, CaseState.READY, "complete", 2.0)
    return case.number


def test_the_patient_on_the_table_goes_first_then_the_oldest(store):
    numbers = [ready_case(store, number, priority) for number, priority in enumerate([0, 5, 9, 5])]
    assert [case.number for case in store.in_line()] == [numbers[2], numbers[1], numbers[3], numbers[0]]


def test_a_case_is_given_out_once(store):
    number = ready_case(store, 1)
    assert store.take(number, OURS, "rule", 10.0)
    assert not store.take(number, THEIRS, "rule", 11.0)
    assert (store.case(number).lease_owner, store.case(number).tries) == ("here", 1)


def test_of_many_takers_at_once_one_gets_the_case(store, address):
    """Each taker has a database connection of its own, as services on several hosts have."""
    number = ready_case(store, 1)
    others = [Store(address) for _ in range(8)]
    taken = []
    barrier = threading.Barrier(len(others))

    def take(other: Store, owner: str) -> None:
        barrier.wait()
        if other.take(number, Lease(owner, 100.0), "rule", 10.0):
            taken.append(owner)

    threads = [threading.Thread(target=take, args=(other, f"host {n}")) for n, other in enumerate(others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    assert taken == [store.case(number).lease_owner]
    assert store.case(number).tries == 1


def test_an_expired_lease_is_given_out_again_and_a_renewed_one_is_not(store):
    lost, kept = ready_case(store, 1), ready_case(store, 2)
    store.take(lost, OURS, "rule", 10.0)
    store.take(kept, OURS, "rule", 10.0)
    store.renew([kept], Lease("here", 200.0))
    assert store.give_again(99.0) == 0
    assert store.give_again(101.0) == 1
    assert store.case(lost).state is CaseState.READY
    assert "lease ran out" in store.case(lost).reason
    assert store.case(kept).state is CaseState.RUNNING


def test_nobody_renews_what_another_holds(store):
    number = ready_case(store, 1)
    store.take(number, THEIRS, "rule", 10.0)
    store.renew([number], Lease("here", 1e9))
    assert store.case(number).lease_until_s == 100.0


def test_a_restart_takes_its_own_back_at_once_and_leaves_the_others(store):
    own, other = ready_case(store, 1), ready_case(store, 2)
    store.take(own, OURS, "rule", 10.0)
    store.take(other, THEIRS, "rule", 10.0)
    assert store.recover(20.0, "here") == 1
    assert (store.case(own).state, store.case(other).state) == (CaseState.READY, CaseState.RUNNING)


def test_a_stop_in_good_order_costs_no_try(store):
    number = ready_case(store, 1)
    store.take(number, OURS, "rule", 10.0)
    store.count_no_try([number])
    assert store.case(number).tries == 0


def test_a_result_and_its_exports_come_together_or_not_at_all(store):
    number = ready_case(store, 1)
    store.take(number, OURS, "rule", 10.0)
    export = NewExport("/r.dcm", "1.9", "pacs")
    assert store.keep_result(number, CaseState.PLANNED, "3 paths", [export], 20.0)
    assert [one.state for one in store.exports(number)] == [ExportState.PENDING]
    store.add_instance(NewInstance("1.1.2", "1.1", "1", "/late.dcm", "y", "CT1"), 30.0)
    assert not store.keep_result(number, CaseState.PLANNED, "again", [NewExport("/s.dcm", "1.8", "pacs")], 40.0)
    assert len(store.exports(number)) == 1
