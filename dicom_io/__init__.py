"""The only code that knows DICOM."""
