"""The attributes that a scan of many files reads, and no others."""

from pydicom.datadict import tag_for_keyword

MARKS = {
    "Acquisition Number": "AcquisitionNumber",
    "Temporal Position Index": "TemporalPositionIndex",
    "Temporal Position Identifier": "TemporalPositionIdentifier",
    "Stack ID": "StackID",
    "Echo Time": "EchoTime",
    "Inversion Time": "InversionTime",
    "Nominal Percentage of Cardiac Phase": "NominalPercentageOfCardiacPhase",
    "Trigger Time": "TriggerTime",
    "Diffusion b-value": "DiffusionBValue",
    "Convolution Kernel": "ConvolutionKernel",
    "Image Type": "ImageType",
    "Slice Thickness": "SliceThickness",
    "Acquisition Time": "AcquisitionTime",
}
"""Names and keywords of what may tell volumes of one series apart, the commonest first (PS3.6)."""

_KEYWORDS = [
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "Modality",
    "PatientPosition",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "SeriesNumber",
    "SeriesDate",
    "BodyPartExamined",
    "SeriesDescription",
    "RequestedProcedureDescription",
    "Manufacturer",
    "ManufacturerModelName",
    "StationName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "ImageType",
    "InstanceNumber",
    "AcquisitionNumber",
    "ImagesInAcquisition",
    "SliceThickness",
    "SliceLocation",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "PixelSpacing",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
]
TAGS = [
    tag
    for tag in map(tag_for_keyword, {**dict.fromkeys(_KEYWORDS), **dict.fromkeys(MARKS.values())})
    if tag is not None
]
