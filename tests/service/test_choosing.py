"""Which of several volumes of a series is meant is said by a person, a rule or an order; until then the case waits."""

import json
from dataclasses import replace

import pytest

from dicom_io.worklist import Code, WorklistItem
from service.choosing import choose_volume
from service.cli import main
from service.edge import REFUSED
from service.errors import RequestError, SettingsError
from service.orders import ordered, read_order
from service.routing import DEFAULT_RULES, SeriesTags, route
from service.rows import CaseState
from service.settings import OrderCode, Settings, load_settings
from service.store import Store, address_of
from tests.dicom_io.builders import Grid, write_series
from tests.service.test_server import QUIET_S, SERIES, START_S, STUDY, Hospital

NOW_S = START_S + QUIET_S
WANTED = "Acquisition Number=3"


@pytest.fixture
def hospital(tmp_path):
    opened = []

    def build(**settings: object) -> Hospital:
        opened.append(Hospital(tmp_path, **settings))
        _receive(opened[-1])
        return opened[-1]

    yield build
    for one in opened:
        one.service.stop(START_S)
        one.store.close()


def _receive(place: Hospital) -> None:
    """Two acquisitions of one place in one series, one of five slices and one of six."""
    for number in (2, 3):

        def edit(_: int, image, number: int = number) -> None:
            image.StudyInstanceUID, image.AcquisitionNumber, image.FrameOfReferenceUID = STUDY, number, "1.2.10"

        folder = place.arrivals.folder_of(SERIES)
        write_series(folder, Grid(count=3 + number), series_uid=SERIES, edit=edit, name=f"{number}-{{:03}}.dcm")
    place.arrivals.reconcile(START_S)


def test_a_series_of_several_volumes_waits_and_lists_them(hospital):
    case = hospital().tick_until(CaseState.WAITING)
    assert "2 volumes at one place, told apart by Acquisition Number" in case.reason
    assert "1: Acquisition Number=2 (5 images); 2: Acquisition Number=3 (6 images)" in case.reason


@pytest.fixture
def waiting(tmp_path):
    """A hospital whose rows lie where the command line looks for them, and its settings."""
    settings = Settings.model_validate({"storage": {"folder": tmp_path}})
    place = Hospital(tmp_path)
    place.store = Store(address_of(settings))
    place.arrivals = replace(place.arrivals, store=place.store)
    place.service._store, place.service._incoming = place.store, place.arrivals
    _receive(place)
    place.tick_until(CaseState.WAITING)
    yield place, settings
    place.service.stop(START_S)
    place.store.close()


def test_a_persons_choice_is_judged_anew_and_stands_in_the_trail(waiting, tmp_path):
    place, settings = waiting
    assert choose_volume(settings, 1, "2", "A. Weber") == f"case 1 goes on with {WANTED}"
    place.service.tick(NOW_S)
    assert [line.reason for line in place.store.history(1)][-3:-1] == [
        f"{WANTED} was chosen by a person",
        "6 evenly spaced images",
    ]
    assert place.case().state is CaseState.RUNNING
    said = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [(one["volume"], one["user"]) for one in said if "volume" in one] == [(WANTED, "A. Weber")]


def test_the_worker_reads_the_chosen_volume_alone(waiting):
    """The ramp is no patient; it is refused by what it shows, no more by what lies at one place."""
    place, settings = waiting
    choose_volume(settings, 1, WANTED, "A. Weber")
    place.service.tick(NOW_S)
    reason = place.tick_until(CaseState.WAITING, CaseState.FAILED).reason
    assert "at one place" not in reason


@pytest.mark.parametrize(("number", "wanted", "by"), [(1, "3", "A. Weber"), (1, "2", " "), (9, "2", "A. Weber")])
def test_what_cannot_be_chosen_is_refused_and_changes_nothing(waiting, number, wanted, by):
    place, settings = waiting
    with pytest.raises(RequestError):
        choose_volume(settings, number, wanted, by)
    assert place.case().state is CaseState.WAITING


def test_a_case_that_waits_for_something_else_takes_no_choice(waiting):
    place, settings = waiting
    place.store.move(1, CaseState.WAITING, "no target chosen", NOW_S)
    with pytest.raises(RequestError, match="does not wait"):
        choose_volume(settings, 1, "2", "A. Weber")


@pytest.mark.parametrize("volume", ["2", WANTED])
def test_a_rule_names_the_volume(hospital, volume):
    rule = {"name": "late phase", "action": "segment", "match": {"modality": "CT"}, "volume": volume}
    place = hospital(rules=[rule])
    place.service.tick(NOW_S)
    history = [(line.state, line.reason) for line in place.store.history(1)]
    assert (CaseState.READY, "6 evenly spaced images") in history


def test_a_rule_for_a_volume_that_is_not_there_asks_a_person_whose_word_goes_before_it(waiting):
    place, settings = waiting
    rule = {"name": "third", "action": "segment", "match": {"modality": "CT"}, "volume": "3"}
    place.service._settings = Settings.model_validate({**place.settings.model_dump(), "rules": [rule]})
    place.store.move(1, CaseState.RECEIVING, "judged anew", NOW_S)
    assert "there is no volume 3" in place.tick_until(CaseState.WAITING).reason
    choose_volume(settings, 1, "2", "A. Weber")
    place.service.tick(NOW_S)
    assert "6 evenly spaced images" in [line.reason for line in place.store.history(1)]


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "ignore", "volume": "2"},
        {"action": "segment", "volume": "the late one"},
        {"action": "segment", "volume": "0"},
    ],
)
def test_a_rule_that_names_no_volume_is_refused(tmp_path, rule):
    lines = "\n".join(f'{key} = "{value}"' for key, value in rule.items())
    (tmp_path / "site.toml").write_text(f'[[rules]]\nname = "x"\nmatch = {{ modality = "CT" }}\n{lines}\n')
    with pytest.raises(SettingsError, match="volume"):
        load_settings(tmp_path / "site.toml", {})


CODES = (
    OrderCode(code="PRT-L4", scheme="99SITE", procedure="prt", root="L4"),
    OrderCode(code="LATE", scheme="99SITE", volume=WANTED),
)
ITEM = WorklistItem(
    "A7", STUDY, "R-1", "", "", "", "", "", "CT", "", "", "",
    (Code("PRT-L4", "99SITE"), Code("7771000", "SCT"), Code("LATE", "99SITE")),
)  # fmt: skip


def test_an_orders_code_names_the_volume_and_a_rules_word_goes_before_it():
    order = read_order(ITEM, CODES)
    found = route(DEFAULT_RULES, SeriesTags("CT", "", "", "", "CT1", STUDY, "A7", "R-1"))
    assert ordered(found, order).volume == WANTED
    assert ordered(replace(found, rule=found.rule.model_copy(update={"volume": "1"})), order).volume == "1"


def test_an_order_that_comes_later_names_the_volume_of_a_waiting_case(hospital):
    place = hospital()
    place.tick_until(CaseState.WAITING)
    place.arrivals.orders._ask, place.arrivals.orders._codes = (lambda: [ITEM]), CODES
    place.arrivals.orders.refresh()
    place.service.tick(NOW_S)
    place.service.tick(NOW_S)
    assert place.case().state is CaseState.RUNNING
    assert place.case().reason == "ordered: prt L4 left"
    assert "6 evenly spaced images" in [line.reason for line in place.store.history(1)]


def test_at_the_command_line_a_volume_is_named_or_all_are_listed(tmp_path, capsys, monkeypatch):
    _receive(place := Hospital(tmp_path))
    folder = place.arrivals.folder_of(SERIES)
    place.store.close()
    told = []
    for volume in ((), ("--volume", "2"), ("--volume", "3")):
        monkeypatch.setattr("sys.argv", ["needleplan", "segment", str(folder), "--out", str(tmp_path / "out"), *volume])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == REFUSED
        told.append(" ".join(capsys.readouterr().err.split()))
    listed, chosen, absent = told
    assert "(--volume NUMBER): 1: Acquisition Number=2 (5 images); 2: Acquisition Number=3 (6 images)" in listed
    assert "at one place" not in chosen, "a ramp is no patient, but it is one volume"
    assert "there is no volume 3" in absent
