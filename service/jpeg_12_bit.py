"""A decoder for JPEG Extended of 12 bits, which old archives use for CT, lent from SimpleITK to pydicom.

In: one compressed frame. Out: its pixels. The decoders under a free licence that pydicom knows stop at 8 bits; ITK
reads files only, so the frame goes through a temporary one that holds no patient data.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import SimpleITK as sitk  # noqa: N813 - the name its own documentation uses
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import JPEGExtended12BitDecoder

_LABEL = "SimpleITK"
DECODER_DEPENDENCIES = {uid.JPEGExtended12Bit: ("SimpleITK>=2.4",)}
"""What pydicom asks of a plugin's module."""


def enable_jpeg_12_bit() -> None:
    """Let pydicom decode JPEG Extended of 12 bits from now on, in this process."""
    if _LABEL not in JPEGExtended12BitDecoder.available_plugins:
        JPEGExtended12BitDecoder.add_plugin(_LABEL, (__name__, "decode_frame"))


def is_available(syntax: str) -> bool:
    """Whether this module decodes the transfer syntax."""
    return syntax in DECODER_DEPENDENCIES


def decode_frame(frame: bytes, runner: Any) -> bytes:  # noqa: ANN401  pydicom's DecodeRunner
    """Little-endian pixels of one frame, as many bytes each as ``runner.bits_allocated`` says."""
    with tempfile.TemporaryDirectory(prefix="frame-") as folder:
        path = Path(folder) / "frame.dcm"
        _single_frame(frame, runner).save_as(path, enforce_file_format=True)
        pixels = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    kind = "i" if runner.pixel_representation else "u"
    frame_bytes: bytes = pixels.astype(f"<{kind}{runner.bits_allocated // 8}").tobytes()
    return frame_bytes


def _single_frame(frame: bytes, runner: Any) -> Dataset:  # noqa: ANN401
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = uid.JPEGExtended12Bit
    image.SOPClassUID, image.SOPInstanceUID = uid.SecondaryCaptureImageStorage, uid.generate_uid()
    image.Rows, image.Columns = runner.rows, runner.columns
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored = runner.bits_allocated, runner.bits_stored
    image.HighBit = runner.bits_stored - 1
    image.PixelRepresentation = int(runner.pixel_representation)
    image.PixelData = encapsulate([frame])
    image["PixelData"].VR = "OB"
    return image
