"""What an archive holds: C-FIND at study root (PS3.4 annex C).

In: a destination and what is looked for. Out: frozen records. What a server answers beyond the question is left out:
a server that ignores a key must not hand over another patient's series. Records never print a patient.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from dicom_io.association import Association, Destination, associated
from dicom_io.attributes import integer, text
from dicom_io.errors import DicomIoError

_PENDING = (0xFF00, 0xFF01)
"""C-FIND: an answer follows (PS3.4 C.4.1.1.4)."""

_LARGEST_ANSWER = 10_000
"""Records of one question; a question so wide is a mistake."""


class QueryError(DicomIoError):
    """A question that cannot be asked, or was not answered to its end."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(f"{what}; {advice}")


@dataclass(frozen=True, slots=True)
class SeriesQuestion:
    """Which series; exact values, never wildcards. At least a study or an accession number."""

    study_uid: str = ""
    accession_number: str = field(default="", repr=False)
    series_uid: str = ""
    patient_id: str = field(default="", repr=False)
    modality: str = ""

    def __post_init__(self) -> None:
        if not (self.study_uid or self.accession_number):
            raise QueryError("nothing says which study", "give its Study UID or its Accession Number")
        if any(sign in value for value in self.given.values() for sign in "*?\\"):
            raise QueryError("a value holds a wildcard (* ? \\)", "name one study or series exactly")

    @property
    def given(self) -> dict[str, str]:
        """Attribute and value of what is asked."""
        pairs = {
            "StudyInstanceUID": self.study_uid,
            "AccessionNumber": self.accession_number,
            "SeriesInstanceUID": self.series_uid,
            "PatientID": self.patient_id,
            "Modality": self.modality,
        }
        return {keyword: value for keyword, value in pairs.items() if value}


@dataclass(frozen=True, slots=True)
class FoundSeries:
    """One series of an archive; ``images`` is None where the archive does not count."""

    study_uid: str
    series_uid: str
    modality: str
    series_number: int | None
    images: int | None
    study_date: str
    accession_number: str = field(repr=False)
    patient_id: str = field(repr=False)
    description: str = field(repr=False)


def find_series(destination: Destination, question: SeriesQuestion) -> tuple[FoundSeries, ...]:
    """Every series that the archive has of what is asked."""
    with associated(destination, [(StudyRootQueryRetrieveInformationModelFind, ImplicitVRLittleEndian)]) as open_one:
        studies = [question.study_uid] if question.study_uid else _studies(open_one, question)
        found = [one for study in studies for one in _series(open_one, study, question)]
    return matching(found, question)


def matching(found: Sequence[FoundSeries], question: SeriesQuestion) -> tuple[FoundSeries, ...]:
    """Those that are what was asked; a record without the value that was asked for is not."""
    wanted = {
        "study_uid": question.study_uid,
        "accession_number": question.accession_number,
        "series_uid": question.series_uid,
        "patient_id": question.patient_id,
        "modality": question.modality,
    }
    given = {name: value for name, value in wanted.items() if value}
    return tuple(one for one in found if all(getattr(one, name).strip() == given[name].strip() for name in given))


def found_series(series: Dataset, study: Dataset) -> FoundSeries:
    """A record from the answers at both levels; what the series level leaves out, the study level says."""

    def said(keyword: str) -> str:
        return text(series, keyword) or text(study, keyword)

    return FoundSeries(
        study_uid=said("StudyInstanceUID"),
        series_uid=said("SeriesInstanceUID"),
        modality=said("Modality"),
        series_number=integer(series, "SeriesNumber"),
        images=integer(series, "NumberOfSeriesRelatedInstances"),
        study_date=said("StudyDate"),
        accession_number=said("AccessionNumber"),
        patient_id=said("PatientID"),
        description=said("SeriesDescription"),
    )


_SERIES_KEYS = (
    "SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription", "NumberOfSeriesRelatedInstances",
)  # fmt: skip
_STUDY_KEYS = ("StudyInstanceUID", "StudyDate", "AccessionNumber", "PatientID")


def _studies(association: Association, question: SeriesQuestion) -> list[str]:
    asked = _asked("STUDY", _STUDY_KEYS, {"AccessionNumber": question.accession_number})
    return [text(one, "StudyInstanceUID") for one in answers(association, asked, _FIND)]


def _series(association: Association, study_uid: str, question: SeriesQuestion) -> Iterator[FoundSeries]:
    of_study = {"StudyInstanceUID": study_uid}
    (study, *_) = [*answers(association, _asked("STUDY", _STUDY_KEYS, of_study), _FIND), Dataset()]
    narrowed = {key: value for key, value in question.given.items() if key in {"SeriesInstanceUID", "Modality"}}
    asked = _asked("SERIES", ("StudyInstanceUID", *_SERIES_KEYS), of_study | narrowed)
    yield from (found_series(one, study) for one in answers(association, asked, _FIND))


_FIND = StudyRootQueryRetrieveInformationModelFind


def _asked(level: str, keys: tuple[str, ...], given: dict[str, str]) -> Dataset:
    asked = Dataset()
    asked.QueryRetrieveLevel = level
    for keyword in keys:
        setattr(asked, keyword, given.get(keyword))
    return asked


def answers(association: Association, asked: Dataset, model: str) -> Iterator[Dataset]:
    """Every record of one question; an answer that does not end well is an error, not an empty list."""
    count = 0
    for status, found in association.send_c_find(asked, model):
        told = int(status.Status) if "Status" in status else None
        if told in _PENDING and found is not None:
            count += 1
            if count > _LARGEST_ANSWER:
                raise QueryError(f"more than {_LARGEST_ANSWER} answers", "ask for one study")
            yield found
        elif told != 0x0000:
            what = "no answer came" if told is None else f"the answer was status 0x{told:04X}"
            raise QueryError(f"the question was not answered to its end: {what}", "ask again, or ask the PACS's keeper")
