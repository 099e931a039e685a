"""Segmentations that a person or a site brings: files, folders, DICOM objects, or a command that makes one."""
