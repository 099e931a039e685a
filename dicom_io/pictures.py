"""A drawn picture as an RGB Secondary Capture (PS3.3 A.8.1): what is seen in any viewer.

In: 8-bit RGB pixels with everything burned in, and what they show. Out: the bytes of a DICOM file that names its
source slices. Whoever draws the picture burns in DRAFT - NOT RELEASED; here it is said once more in the header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from highdicom.sc import SCImage
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from dicom_io import codes
from dicom_io.documents import SourceImages, equipment, finished, plain, plan_marks, source_images
from dicom_io.errors import DicomIoError
from dicom_io.identity import DicomCase
from dicom_io.series import SeriesSource
from planner.plan import Plan


class PictureError(DicomIoError):
    """Pixels that are no RGB picture."""

    def __init__(self, shape: tuple[int, ...], kind: str) -> None:
        super().__init__(f"a picture is (rows, columns, 3) of uint8, this is {shape} of {kind}; draw it as RGB")


class PictureNameError(DicomIoError):
    """A name that can be no file name, or that two pictures bear."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"picture name {name!r} is taken or not allowed; use small letters, digits and hyphens, each name once"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture to publish.

    ``name`` tells it from the others of the case (``axial``, ``needle-plane``, ``3d``) and becomes part of its UID;
    ``title`` is what a reader sees. ``orientation`` mirrors Patient Orientation (0020,0020): where rows and columns
    run to, as letters (``("L", "P")``); None where the view is in perspective. ``slices`` are the source slices shown
    (indices k).
    """

    name: str
    title: str
    rgb: npt.NDArray[np.uint8]
    orientation: tuple[str, str] | None = None
    slices: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", self.name):
            raise PictureNameError(self.name)
        rgb = np.ascontiguousarray(self.rgb)
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
            raise PictureError(rgb.shape, str(rgb.dtype))
        rgb.setflags(write=False)
        object.__setattr__(self, "rgb", rgb)


_ANY_LETTERS = ("L", "P")
"""The library takes single letters alone; an oblique picture has two or three (PS3.3 C.7.6.1.1.1), set afterwards."""


def write_picture(picture: Picture, number: int, plan: Plan, source: SeriesSource, case: DicomCase) -> bytes:
    """The picture as a Secondary Capture, ``number`` its Instance Number (0020,0013)."""
    images = source_images(source)
    marks = plan_marks(plan)
    capture = SCImage.from_ref_dataset(
        ref_dataset=images.faceless[0],
        pixel_array=picture.rgb,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=_ANY_LETTERS,
        series_instance_uid=case.uid_for("picture series"),
        series_number=case.series_numbers.pictures,
        sop_instance_uid=case.uid_for(f"picture {picture.name}"),
        instance_number=number,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        series_description=f"Needle plan pictures, {marks}"[:64],
        **equipment(case),
    )
    _describe(capture, picture, marks)
    if picture.slices:
        capture.SourceImageSequence = [_reference(images, index) for index in picture.slices]
    _keep_lossy(images.faceless[0], capture)
    return finished(capture, images, case)


def _describe(capture: Dataset, picture: Picture, marks: str) -> None:
    capture.PatientOrientation = list(picture.orientation) if picture.orientation else ""
    capture.Laterality = ""  # of a paired body part; a spine is none (PS3.3 C.7.3.1)
    capture.ImageType = ["DERIVED", "SECONDARY"]
    capture.ConversionType = "WSD"
    capture.BurnedInAnnotation = "YES"
    capture.DerivationDescription = plain(picture.title)
    capture.ImageComments = plain(f"{marks}. {picture.title}")
    capture.DateOfSecondaryCapture = capture.ContentDate
    capture.TimeOfSecondaryCapture = capture.ContentTime


def _reference(images: SourceImages, index: int) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = images.faceless[index].SOPClassUID
    item.ReferencedSOPInstanceUID = images.faceless[index].SOPInstanceUID
    frame_number = images.series.instances[index].frame_number
    if frame_number is not None:
        item.ReferencedFrameNumber = frame_number
    item.PurposeOfReferenceCodeSequence = [codes.SOURCE_IMAGE.code]
    return item


def _keep_lossy(header: Dataset, capture: Dataset) -> None:
    """A picture of images that were compressed with loss says so (PS3.3 C.7.6.1.1.5)."""
    for keyword in ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"):
        if header.get("LossyImageCompression") == "01" and keyword in header:
            capture[keyword] = header[keyword]
