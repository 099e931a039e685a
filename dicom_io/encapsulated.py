"""The sheet as an Encapsulated PDF (PS3.3 A.45.1): one page that any archive keeps and any viewer opens.

In: the bytes of a PDF with everything burned in, the plan and series it is about, the case. Out: the bytes of a DICOM file.
"""

from __future__ import annotations

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from dicom_io import codes
from dicom_io.documents import SourceImages, equipment, finished, plain, plan_marks, source_images
from dicom_io.identity import DicomCase
from dicom_io.key_slices import key_slices
from dicom_io.series import SeriesSource
from planner.plan import Plan, PlanState

TITLE = "Needle plan sheet"


def write_sheet(pdf: bytes, plan: Plan, source: SeriesSource, case: DicomCase) -> bytes:
    """The page as a DICOM object of the source's patient and study."""
    images = source_images(source)
    made = equipment(case)
    sheet = Dataset()
    sheet.file_meta = FileMetaDataset()
    sheet.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    sheet.SOPClassUID = EncapsulatedPDFStorage
    sheet.SOPInstanceUID = case.uid_for("sheet")
    sheet.SeriesInstanceUID = case.uid_for("sheet series")
    sheet.SeriesNumber = case.series_numbers.sheet
    sheet.InstanceNumber = 1
    sheet.Modality = "DOC"
    sheet.SeriesDescription = f"{TITLE}, {plan_marks(plan)}"[:64]
    sheet.SeriesDate, sheet.SeriesTime = made["series_date"], made["series_time"]
    sheet.ContentDate, sheet.ContentTime = made["content_date"], made["content_time"]
    sheet.AcquisitionDateTime = ""  # of several slices; type 2 (PS3.3 C.24.2)
    sheet.Manufacturer, sheet.ManufacturerModelName = made["manufacturer"], made["manufacturer_model_name"]
    sheet.SoftwareVersions, sheet.DeviceSerialNumber = made["software_versions"], made["device_serial_number"]
    sheet.CodingSchemeIdentificationSequence = made["coding_schemes"]
    _encapsulate(sheet, pdf, plan, images)
    return finished(sheet, images, case)


def _encapsulate(sheet: Dataset, pdf: bytes, plan: Plan, images: SourceImages) -> None:
    """SC Equipment (PS3.3 C.8.6.1) and Encapsulated Document (C.24.2)."""
    sheet.ConversionType = "WSD"
    sheet.BurnedInAnnotation = "YES"
    sheet.DocumentTitle = plain(". ".join([f"{TITLE}, {plan_marks(plan)}", *(one.words for one in plan.targets)]))[
        :1024
    ]
    sheet.ConceptNameCodeSequence = [codes.SHEET.code]
    sheet.VerificationFlag = "UNVERIFIED" if plan.state is PlanState.DRAFT else "VERIFIED"
    sheet.SourceInstanceSequence = [_source(one) for one in images.showing(key_slices(plan, images))]
    sheet.MIMETypeOfEncapsulatedDocument = "application/pdf"
    sheet.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    sheet.EncapsulatedDocumentLength = len(pdf)


def _source(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    item.PurposeOfReferenceCodeSequence = [codes.SOURCE_IMAGE.code]
    return item
