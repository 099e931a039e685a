"""The start of a received file is byte for byte what pydicom writes."""

from io import BytesIO

import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import write_file_meta_info
from pynetdicom import PYNETDICOM_IMPLEMENTATION_UID, PYNETDICOM_IMPLEMENTATION_VERSION

from dicom_io.file_meta import file_start

CT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"


@pytest.mark.parametrize("uid", ["1.2.3", "1.2.34", "2.25." + "9" * 59])
def test_preamble_and_group_2_are_what_pydicom_writes(uid):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID = CT, uid, EXPLICIT
    meta.ImplementationClassUID = PYNETDICOM_IMPLEMENTATION_UID
    meta.ImplementationVersionName = PYNETDICOM_IMPLEMENTATION_VERSION
    written = BytesIO()
    write_file_meta_info(written, meta)
    assert file_start(CT, uid, EXPLICIT) == bytes(128) + b"DICM" + written.getvalue()
