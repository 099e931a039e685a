"""What a receiver takes: images of CT and MR, what is derived from them, and in which encodings.

Names are those of PS3.6 table A-1; the encodings are all that senders in hospitals use today.
"""

from __future__ import annotations

from typing import Any

from pydicom import uid
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification

LABEL_MAP_SEGMENTATION_STORAGE = uid.UID("1.2.840.10008.5.1.4.1.1.66.7")
"""Of Supplement 243; pydicom 3.0 has no name for it."""

STORAGE_CLASSES = (
    uid.CTImageStorage,
    uid.EnhancedCTImageStorage,
    uid.LegacyConvertedEnhancedCTImageStorage,
    uid.MRImageStorage,
    uid.EnhancedMRImageStorage,
    uid.LegacyConvertedEnhancedMRImageStorage,
    uid.SegmentationStorage,
    LABEL_MAP_SEGMENTATION_STORAGE,
    uid.BasicTextSRStorage,
    uid.EnhancedSRStorage,
    uid.ComprehensiveSRStorage,
    uid.Comprehensive3DSRStorage,
    uid.ExtensibleSRStorage,
    uid.KeyObjectSelectionDocumentStorage,
    uid.SecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    uid.MultiFrameTrueColorSecondaryCaptureImageStorage,
)

TRANSFER_SYNTAXES = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.RLELossless,
    uid.JPEGBaseline8Bit,
    uid.JPEGExtended12Bit,
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEGLSNearLossless,
    uid.JPEG2000Lossless,
    uid.JPEG2000,
)


def name_of(known: uid.UID) -> str:
    """As PS3.6 table A-1 has it."""
    return "Label Map Segmentation Storage" if known == LABEL_MAP_SEGMENTATION_STORAGE else known.name


def storage_contexts() -> list[Any]:
    """C-ECHO and every storage class in every encoding, as presentation contexts."""
    images = [build_context(storage, list(TRANSFER_SYNTAXES)) for storage in STORAGE_CLASSES]
    return [build_context(Verification), *images]


def receiver_contexts() -> list[Any]:
    """What a receiver takes: the above, and storage commitment in both roles (PS3.4 J.3).

    As provider it is asked, as user it hears the answers to what it asked others.
    """
    commitment = build_context(StorageCommitmentPushModel)
    commitment.scu_role, commitment.scp_role = True, True
    return [*storage_contexts(), commitment]


def retrieve_contexts() -> list[tuple[str, list[str]]]:
    """What an archive may send to us in a C-GET, within the 128 contexts of one association (PS3.8 9.3.2.2).

    Uncompressed together; each compression of images on its own, so that the archive need not decode what it keeps.
    """
    plain, compressed = list(TRANSFER_SYNTAXES[:4]), TRANSFER_SYNTAXES[4:]
    return [
        *((str(storage), [str(one) for one in plain]) for storage in STORAGE_CLASSES),
        *((str(storage), [str(one)]) for storage in STORAGE_CLASSES[:6] for one in compressed),
    ]
