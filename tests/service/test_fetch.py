"""Fetch, worklist, import and route do at the command line what they say, and print no patient."""

import json
import zipfile
from pathlib import Path

import pydicom
import pytest
from typer.testing import CliRunner

from dicom_io.series import read_series
from service.cli import app
from service.errors import RequestError
from service.fetch import source_named
from service.media_import import import_media
from service.rows import CaseState
from service.settings import Settings, load_settings
from service.store import Store
from tests.dicom_io.builders import Grid, edit_file, write_series
from tests.servers import Orthanc, a_free_port, run
from tests.worklists import coded, order, worklist_server

SECRETS = ("R-1", "Ramp", "19600102")


def command(*words: object, code: int = 0) -> str:
    """The output of one command; no patient in it."""
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    assert not any(secret in done.output for secret in SECRETS)
    return done.output


@pytest.fixture
def settings_file(tmp_path: Path, orthanc: Orthanc) -> Path:
    port = a_free_port()
    orthanc.know("NEEDLEPLAN", port)
    path = tmp_path / "needleplan.toml"
    path.write_text(
        f'[receiver]\nport = {port}\n[storage]\nfolder = "{tmp_path}/storage"\ndisk_reserve_gb = 0\n'
        f'[[destinations]]\nname = "pacs"\nae_title = "{orthanc.ae_title}"\nhost = "{orthanc.host}"\n'
        f'port = {orthanc.dicom_port}\ndicomweb = "{orthanc.dicomweb_url}"\n'
    )
    return path


@pytest.mark.servers
@pytest.mark.parametrize("way", ["get", "move", "dicomweb"])
def test_a_series_is_fetched_by_accession_number_every_way(tmp_path, orthanc, settings_file, way) -> None:
    paths = write_series(tmp_path / "sent", Grid(count=4))
    assert run("storescu", "-aec", orthanc.ae_title, orthanc.host, orthanc.dicom_port, *paths).returncode == 0
    out = tmp_path / "out"
    told = command("fetch", "--accession", "A7", "--out", out, "--settings", settings_file, "--way", way)
    assert (read_series(out).volume.voxels == read_series(tmp_path / "sent").volume.voxels).all()
    assert "Images in" in told
    assert {path.name for path in out.iterdir()} == {"series"}
    trail = [json.loads(line) for line in (tmp_path / "storage" / "audit.jsonl").read_text().splitlines()]
    assert [(one["event"], one["at"]) for one in trail] == [
        ("query", "pacs"),
        ("instances transferred: fetched", "pacs"),
    ]
    assert trail[1]["images"] == 4


@pytest.mark.servers
def test_what_is_not_there_or_belongs_to_two_is_refused(tmp_path, orthanc, settings_file) -> None:
    sent = write_series(tmp_path / "a", Grid(count=2)) + write_series(tmp_path / "b", Grid(count=2), edit=_of_another)
    run("storescu", "-aec", orthanc.ae_title, orthanc.host, orthanc.dicom_port, *sent)
    options = ("--out", tmp_path / "out", "--settings", settings_file)
    with pytest.raises(RequestError, match="no such series"):
        command("fetch", "--accession", "A8", *options)
    with pytest.raises(RequestError, match="belongs to 2 patients"):
        command("fetch", "--accession", "A7", *options)
    command("fetch", "--accession", "A7", "--patient-id", "R-2", *options)
    assert read_series(tmp_path / "out").source.patient.patient_id == "R-2"


def _of_another(_: int, image) -> None:
    image.PatientID = "R-2"


def test_from_which_pacs_is_said_where_there_are_several() -> None:
    pacs = {"ae_title": "P", "host": "h", "port": 104}
    settings = Settings.model_validate({"destinations": [{"name": "a", **pacs}, {"name": "b", **pacs}]})
    with pytest.raises(RequestError, match="settings name: a, b"):
        source_named(settings, None, None)
    assert source_named(settings, "b", None).destination.name == "b"


@pytest.mark.servers
def test_the_worklist_shows_what_can_be_planned_and_what_lacks(tmp_path) -> None:
    plannable = order(codes=(coded("PRT-L4"),), protocol=(coded("7771000", "SCT"),))
    with worklist_server(tmp_path, plannable, order(accession="A8", codes=(coded("CT-ABD"),))) as server:
        path = tmp_path / "needleplan.toml"
        path.write_text(
            f'[storage]\nfolder = "{tmp_path}/storage"\n'
            f'[worklist]\nae_title = "{server.called_ae}"\nhost = "{server.host}"\nport = {server.port}\n'
            '[[order_codes]]\ncode = "PRT-L4"\nscheme = "99SITE"\nprocedure = "prt"\nroot = "L4"\n'
        )
        told = command("worklist", "--date", "20260105", "--settings", path)
        assert "prt L4 left" in " ".join(told.split())
        assert "no target chosen" in " ".join(told.split())
        assert "Nothing is scheduled" in command("worklist", "--date", "20260107", "--settings", path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        None, {"NEEDLEPLAN_STORAGE__FOLDER": f"{tmp_path}/storage", "NEEDLEPLAN_STORAGE__DISK_RESERVE_GB": "0"}
    )


@pytest.fixture
def medium(tmp_path: Path) -> Path:
    """A CD: a CT series under short names, a scout, a text, a broken file."""
    folder = tmp_path / "cd"
    write_series(folder / "DICOM", Grid(count=5), edit=_with_issuer, name="I{:05}")
    write_series(
        folder / "SCOUT",
        Grid(count=1),
        edit=lambda _, image: setattr(image, "ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"]),
    )
    (folder / "README.TXT").write_text("viewer")
    (folder / "DICOM" / "BROKEN").write_bytes(b"\0" * 128 + b"DICM\x02\x00\x00")
    return folder


def _with_issuer(_: int, image) -> None:
    image.IssuerOfPatientID = "HERE"


def cases(settings: Settings):
    store = Store(settings.storage.folder.absolute() / "needleplan.db")
    found = store.cases()
    store.close()
    return found


@pytest.mark.parametrize("is_zipped", [False, True], ids=["folder", "zip"])
def test_a_medium_is_scanned_and_becomes_a_case(tmp_path, settings, medium, is_zipped) -> None:
    path = medium
    if is_zipped:
        path = tmp_path / "cd.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(medium.rglob("*")):
                archive.write(file, file.relative_to(medium))
    imported = import_media(path, settings)
    (series,) = imported.series
    assert series.arrivals == {"new": 5}
    assert series.joins == "the first scan of this patient here"
    assert dict(imported.skipped) == {
        "scout or localizer image": 1,
        "not DICOM": 1,
        "not a CT or MR image (no modality)": 1,
    }
    (case,) = cases(settings)
    assert case.state is CaseState.RECEIVING
    again = import_media(path, settings)
    assert again.series[0].arrivals == {"repeated": 5}
    assert again.series[0].joins == "joins the patient of case 1"


def test_a_dicomdir_is_checked_against_the_files(settings, medium) -> None:
    (medium / "README.TXT").unlink()
    (medium / "DICOM" / "BROKEN").unlink()
    done = run("dcmmkdir", "+r", "+id", medium, "+D", medium / "DICOMDIR", "-W", "-Nxc", "+m")
    assert (medium / "DICOMDIR").is_file(), done.stderr
    (medium / "DICOM" / "I00002").unlink()
    imported = import_media(medium, settings)
    notes = [note for one in imported.series for note in one.notes]
    assert any("1 of 5 images that the DICOMDIR lists" in note for note in notes) or not _lists(medium)


def _lists(medium: Path) -> bool:
    return bool(pydicom.dcmread(medium / "DICOMDIR").get("DirectoryRecordSequence"))


def test_scans_join_only_on_id_issuer_and_birth_date(tmp_path, settings, medium) -> None:
    import_media(medium, settings)
    for number, (keyword, value, joins) in enumerate(
        [
            ("SeriesDescription", "later", "joins the patient of case 1"),
            ("IssuerOfPatientID", "THERE", "the first scan"),
            ("PatientBirthDate", "19600103", "the first scan"),
            ("IssuerOfPatientID", "", "by hand only"),
        ]
    ):

        def changed(k: int, image, keyword: str = keyword, value: str = value) -> None:
            _with_issuer(k, image)
            setattr(image, keyword, value)

        write_series(tmp_path / f"later{number}", Grid(count=3), edit=changed)
        assert joins in import_media(tmp_path / f"later{number}", settings).series[0].joins


def test_zip_entries_never_choose_their_place_and_bombs_are_skipped(tmp_path, settings) -> None:
    (image,) = write_series(tmp_path / "sent", Grid(count=1))
    path = tmp_path / "cd.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(image, "../../../../tmp/escaped.dcm")
        archive.writestr("bomb", bytes(50_000_000))
    before = {*tmp_path.rglob("*")}
    imported = import_media(path, settings)
    assert imported.series[0].arrivals == {"new": 1}
    assert dict(imported.skipped) == {"ZIP entry that grows suspiciously (a bomb)": 1}
    new = {*tmp_path.rglob("*")} - before
    assert all((tmp_path / "storage") in (one, *one.parents) for one in new)
    assert not Path("/tmp/escaped.dcm").exists()  # noqa: S108 - where the entry wants to go


def test_an_import_prints_what_was_found_and_no_patient(tmp_path, medium) -> None:
    path = tmp_path / "needleplan.toml"
    path.write_text(f'[storage]\nfolder = "{tmp_path}/storage"\ndisk_reserve_gb = 0\n')
    told = " ".join(command("import", medium, "--settings", path).split())
    assert "skipped 1 x not DICOM" in told
    assert "5 images" in told


def test_route_explains_each_rule_and_prints_no_value(tmp_path) -> None:
    write_series(tmp_path / "ct", Grid(count=3))
    path = tmp_path / "needleplan.toml"
    rules = [
        {"name": "order 1", "action": "segment", "match": {"accession_number": "A9", "patient_id": "R-9"}},
        {"name": "thin", "action": "segment", "match": {"modality": "ct", "calling_ae_title": "CT1"}},
    ]
    blocks = [
        f'[[rules]]\nname = {json.dumps(rule["name"])}\naction = "segment"\n[rules.match]\n'
        + "".join(f"{key} = {json.dumps(value)}\n" for key, value in rule["match"].items())
        for rule in rules
    ]
    path.write_text("\n".join(blocks))
    told = " ".join(command("route", "--explain", tmp_path / "ct", "--calling", "CT1", "--settings", path).split())
    assert "accession_number, patient_id differ" in told
    assert "matches: the first match wins" in told
    assert "not looked at" in told
    assert told.endswith("segment: rule 'thin' matches modality, calling_ae_title")
    brief = command("route", "--brief", tmp_path / "ct", "--settings", path)
    assert brief.strip() == "segment: rule 'default: find the anatomy of every other CT' matches modality"


def test_route_knows_received_series_by_their_uid(tmp_path, settings, medium) -> None:
    import_media(medium, settings)
    (case,) = cases(settings)
    path = tmp_path / "needleplan.toml"
    path.write_text(f'[storage]\nfolder = "{tmp_path}/storage"\n')
    assert "default" in command("route", case.series_instance_uid, "--settings", path)
    with pytest.raises(RequestError, match="no series of this UID"):
        command("route", "1.2.3.4", "--settings", path)


def test_a_changed_copy_is_a_conflict_for_a_person(settings, medium) -> None:
    import_media(medium, settings)
    edit_file(medium / "DICOM" / "I00001", lambda image: setattr(image, "SeriesDescription", "changed"))
    assert import_media(medium, settings).series[0].arrivals == {"repeated": 4, "conflict": 1}
    assert cases(settings)[0].state is CaseState.WAITING
