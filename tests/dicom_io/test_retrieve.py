"""What a real archive holds is found and fetched byte by byte, over DIMSE and DICOMweb; what was not asked for is not."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import JPEGLSLossless

from dicom_io import web
from dicom_io.association import Destination
from dicom_io.landing import Arrival, Landing, data_set
from dicom_io.query import FoundSeries, QueryError, SeriesQuestion, find_series, matching
from dicom_io.retrieve import get, move
from dicom_io.send import Outcome
from dicom_io.series import read_series
from dicom_io.storing import Received, Refused, Storing
from dicom_io.web import WebError, WebServer
from tests.dicom_io.builders import Grid, edit_file, write_series
from tests.dicom_io.receivers import Inbox, listening
from tests.servers import Orthanc, run

pytestmark = pytest.mark.servers


class Kept:
    """Where a fetch lands."""

    def __init__(self, folder: Path) -> None:
        self.received: list[Received] = []
        self.refused: list[Refused] = []
        self.storing = Storing(Landing(folder), 0, 2**30, self.received.append, self.refused.append)

    @property
    def digests(self) -> set[str]:
        return {one.sha256 for one in self.received}


def digests(paths: list[Path]) -> set[str]:
    return {hashlib.sha256(data_set(path.read_bytes())).hexdigest() for path in paths}


@pytest.fixture
def archive(orthanc: Orthanc) -> Destination:
    return Destination(orthanc.host, orthanc.dicom_port, orthanc.ae_title, "NEEDLEPLAN", answer_timeout_s=20)


@pytest.fixture
def server(orthanc: Orthanc) -> WebServer:
    return WebServer(orthanc.dicomweb_url, timeout_s=20)


@pytest.fixture
def paths(tmp_path: Path, archive: Destination) -> list[Path]:
    """A series of five images of accession A7 in the archive, beside another patient's."""
    mine = write_series(tmp_path / "mine", Grid(count=5))
    others = write_series(tmp_path / "others", Grid(count=2), edit=_of_another)
    sent = run("storescu", "-xs", "-aec", archive.called_ae, archive.host, archive.port, *mine, *others)
    assert sent.returncode == 0, sent.stderr
    return mine


def _of_another(_: int, image) -> None:
    image.PatientID, image.AccessionNumber = "R-2", "A8"


def of(paths: list[Path]) -> tuple[str, str]:
    header = pydicom.dcmread(paths[0], stop_before_pixels=True)
    return str(header.StudyInstanceUID), str(header.SeriesInstanceUID)


def test_a_series_is_found_by_accession_number_and_by_study(archive, server, paths) -> None:
    study, series = of(paths)
    for question in (SeriesQuestion(accession_number="A7"), SeriesQuestion(study_uid=study)):
        for (found,) in (find_series(archive, question), web.find_series(server, question)):
            assert (found.study_uid, found.series_uid, found.modality, found.images) == (study, series, "CT", 5)
            assert (found.accession_number, found.patient_id, found.series_number) == ("A7", "R-1", 3)
            assert "R-1" not in repr(found)
            assert "A7" not in repr(found)


def test_what_does_not_agree_in_every_value_is_not_found(archive, server, paths) -> None:
    study, _ = of(paths)
    for question in (
        SeriesQuestion(accession_number="A7", patient_id="R-2"),
        SeriesQuestion(study_uid=study, accession_number="A8"),
        SeriesQuestion(study_uid=study, modality="MR"),
        SeriesQuestion(accession_number="A"),
    ):
        assert find_series(archive, question) == ()
        assert web.find_series(server, question) == ()


def test_an_answer_without_the_value_that_was_asked_for_is_left_out() -> None:
    record = FoundSeries("1.2", "1.2.3", "CT", 1, 5, "", accession_number="", patient_id="R-1", description="")
    assert matching([record], SeriesQuestion(study_uid="1.2")) == (record,)
    assert matching([record], SeriesQuestion(study_uid="1.2", accession_number="A7")) == ()


@pytest.mark.parametrize("given", [{}, {"accession_number": "A*"}, {"study_uid": "1.2?"}, {"series_uid": "1.2"}])
def test_a_question_that_could_mean_anybody_is_not_asked(given: dict[str, str]) -> None:
    with pytest.raises(QueryError):
        SeriesQuestion(**given)


@pytest.mark.parametrize("level", ["study", "series"])
def test_c_get_brings_every_byte(tmp_path, archive, paths, level) -> None:
    study, series = of(paths)
    kept = Kept(tmp_path / "in")
    done = get(archive, study, series if level == "series" else None, kept.storing)
    assert (done.completed, done.failed, done.is_whole) == (5, 0, True)
    assert kept.digests == digests(paths)


def test_compressed_images_come_as_the_archive_keeps_them(tmp_path, archive, server) -> None:
    paths = write_series(tmp_path / "sent", Grid(count=3, rows=64, columns=64))
    for path in paths:
        image = pydicom.dcmread(path)
        image.compress(JPEGLSLossless, generate_instance_uid=False)
        image.save_as(path)
    assert run("storescu", "-xt", "-aec", archive.called_ae, archive.host, archive.port, *paths).returncode == 0
    study, series = of(paths)
    kept, by_web = Kept(tmp_path / "in"), Kept(tmp_path / "web")
    assert get(archive, study, series, kept.storing).is_whole
    assert web.retrieve(server, study, series, lambda file: by_web.storing.keep(file, "web")) == 3
    assert kept.digests == by_web.digests == digests(paths)
    assert pydicom.dcmread(kept.received[0].path).file_meta.TransferSyntaxUID == JPEGLSLossless


def test_c_move_brings_every_byte_to_a_receiver_that_the_archive_knows(tmp_path, orthanc, archive, paths) -> None:
    study, series = of(paths)
    inbox = Inbox()
    with listening(tmp_path / "in", inbox, calling_ae_titles=frozenset({orthanc.ae_title})) as receiver:
        orthanc.know("NEEDLEPLAN", receiver.port)
        done = move(archive, study, series, "NEEDLEPLAN")
    assert (done.completed, done.is_whole) == (5, True)
    assert {one.sha256 for one in inbox.stored} == digests(paths)


def test_a_move_to_a_name_that_the_archive_does_not_know_is_told(archive, paths) -> None:
    study, series = of(paths)
    assert not move(archive, study, series, "NOBODY").is_whole


def test_what_cannot_be_kept_is_counted_as_failed(tmp_path, archive, paths) -> None:
    study, series = of(paths)
    kept = Kept(tmp_path / "in")
    full = Storing(Landing(tmp_path / "full"), 2**60, 2**30, kept.received.append, kept.refused.append)
    done = get(archive, study, series, full)
    assert not done.is_whole
    assert not kept.received


def test_wado_brings_every_byte_of_a_study_and_of_a_series(tmp_path, server, paths) -> None:
    study, series = of(paths)
    kept = Kept(tmp_path / "in")
    assert web.retrieve(server, study, None, lambda file: kept.storing.keep(file, "web")) == 5
    assert kept.digests == digests(paths)
    assert web.retrieve(server, study, series, lambda file: kept.storing.keep(file, "web")) == 5
    assert [one.arrival for one in kept.received] == [Arrival.NEW] * 5 + [Arrival.REPEATED] * 5
    assert read_series(tmp_path / "in").volume.geometry.shape == (5, 20, 24)


def test_stow_stores_each_file_and_says_so(tmp_path, orthanc, server) -> None:
    paths = write_series(tmp_path / "sent", Grid(count=2))
    (tmp_path / "no.dcm").write_bytes(b"no DICOM")
    results = web.store(server, [*paths, tmp_path / "no.dcm"])
    assert [one.outcome for one in results] == [Outcome.DONE, Outcome.DONE, Outcome.NO_DICOM_FILE]
    there = {hashlib.sha256(data_set(orthanc.file(one))).hexdigest() for one in orthanc.instances()}
    assert there == digests(paths)


def test_a_server_that_is_not_there_or_says_no_is_told_apart(server, paths) -> None:
    with pytest.raises(WebError, match="status 404"):
        web.retrieve(server, "1.2.3", None, print)
    away = WebServer("http://127.0.0.1:9/dicom-web", timeout_s=2)
    with pytest.raises(WebError, match="ConnectionRefusedError"):
        web.find_series(away, SeriesQuestion(study_uid="1.2"))
    assert {one.outcome for one in web.store(away, paths[:1])} == {Outcome.NOT_CONNECTED}
    with pytest.raises(WebError, match="neither http nor https"):
        web.find_series(WebServer("file:///etc"), SeriesQuestion(study_uid="1.2"))


@contextmanager
def answering(content_type: str, *pieces: bytes) -> Iterator[WebServer]:
    """A server that always answers with these bytes."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            for piece in pieces:
                self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield WebServer(f"http://127.0.0.1:{httpd.server_port}", timeout_s=5, largest_object_bytes=4_000_000)
        httpd.shutdown()


MULTIPART = 'multipart/related; type="application/dicom"; boundary="--x"'


def test_parts_are_cut_where_their_boundary_stands_and_nowhere_else() -> None:
    bodies = [b"\r\n--y\r\n" * 40_000, b"", b"a" * 1_048_570, b"--\r\n\r\n--"]
    said = b"preamble" + b"".join(b"\r\n----x\r\nContent-Type: application/dicom\r\n\r\n" + one for one in bodies)
    found: list[bytes] = []
    with answering(MULTIPART, said + b"\r\n----x--\r\nepilogue") as server:
        assert web.retrieve(server, "1.2", None, found.append) == 4
    assert found == bodies


def test_an_answer_that_breaks_off_or_never_ends_is_refused() -> None:
    start = b"\r\n----x\r\nContent-Type: application/dicom\r\n\r\n"
    with answering(MULTIPART, start + b"half") as server, pytest.raises(WebError, match="ends within a file"):
        web.retrieve(server, "1.2", None, print)
    with answering(MULTIPART, start, bytes(9_000_000)) as server, pytest.raises(WebError, match="larger than 3 MiB"):
        web.retrieve(server, "1.2", None, print)
    with answering("text/html", b"<html>") as server, pytest.raises(WebError, match="not multipart"):
        web.retrieve(server, "1.2", None, print)
    with answering("application/json", b"<html>") as server, pytest.raises(WebError, match="no DICOM JSON"):
        web.find_series(server, SeriesQuestion(study_uid="1.2"))


def test_a_changed_image_is_told_apart_from_the_one_that_is_kept(tmp_path, server, orthanc, archive, paths) -> None:
    study, series = of(paths)
    kept = Kept(tmp_path / "in")
    web.retrieve(server, study, series, lambda file: kept.storing.keep(file, "web"))
    orthanc.empty()
    edit_file(paths[0], lambda image: setattr(image, "SeriesDescription", "changed"))
    run("storescu", "-aec", archive.called_ae, archive.host, archive.port, *paths)
    again = Kept(tmp_path / "in")
    assert get(archive, study, series, again.storing).is_whole
    assert sorted(one.arrival for one in again.received) == [Arrival.CONFLICT] + [Arrival.REPEATED] * 4
