"""The settings file of a site with one PACS and one order: what the end-to-end tests and the turnaround benchmark run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset

from tests.servers import Orthanc

_TEXT = """
publish = "{publish}"
receiver = {{ port = {port}, allowed_calling_ae_titles = ["CT1"] }}
storage = {{ folder = "{storage}", disk_reserve_gb = 0.5 }}
inbox = {{ quiet_seconds = {quiet_s}, patience_seconds = {patience_s} }}
outbox = {{ first_retry_seconds = 0.5 }}
{more}

[[destinations]]
name = "pacs"
ae_title = "{pacs.ae_title}"
host = "{pacs.host}"
port = {pacs.dicom_port}

[[rules]]
name = "the order of this study"
action = "plan"
match = {{ study_uid = "{study_uid}", patient_id = "{patient_id}" }}
procedure = "{order.procedure}"
{order.where}
side = "{order.side}"
"""


@dataclass(frozen=True)
class Order:
    """What the one rule plans; ``where`` is a line like ``root = "L4"``."""

    where: str
    side: str = "left"
    procedure: str = "prt"


@dataclass(frozen=True)
class SiteSettings:
    """Where the service listens and stores, and to whom it sends."""

    port: int
    storage: Path
    pacs: Orthanc
    publish: str = "drafts"
    quiet_s: float = 1.0
    more: str = ""

    def write(self, path: Path, image: Dataset, order: Order) -> Path:
        """The file, for the study and the patient of one image."""
        text = _TEXT.format(
            publish=self.publish,
            port=self.port,
            storage=self.storage,
            pacs=self.pacs,
            quiet_s=self.quiet_s,
            patience_s=self.quiet_s + 600.0,
            more=self.more,
            study_uid=image.StudyInstanceUID,
            patient_id=image.get("PatientID", ""),
            order=order,
        )
        path.write_text(text)
        return path
