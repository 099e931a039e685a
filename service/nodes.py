"""The DICOM nodes of the settings, as ``dicom_io`` reaches them: address, AE titles, certificates.

In: settings. Out: ``Node`` values, one try per call, since whoever calls tries again.
"""

from __future__ import annotations

from ssl import SSLContext

from dicom_io.association import Destination as Node
from dicom_io.tls import OwnCertificate, requestor_context
from dicom_io.web import WebServer
from service.errors import SettingsError
from service.settings import Destination, DestinationTls, Settings, WorklistSettings, host_and_port


def node(destination: Destination, calling_ae_title: str) -> Node:
    """One PACS."""
    return Node(
        destination.host,
        destination.port,
        destination.ae_title,
        calling_ae_title,
        tries=1,
        tls=None if destination.tls is None else context_of(destination.tls),
    )


def worklist_node(worklist: WorklistSettings, calling_ae_title: str) -> Node:
    """The worklist."""
    tls = None if worklist.tls is None else context_of(worklist.tls)
    return Node(worklist.host, worklist.port, worklist.ae_title, calling_ae_title, tries=1, tls=tls)


def node_titled(settings: Settings, ae_title: str) -> Node | None:
    """Where storage commitment is answered: what ``receiver.commitment_to`` says, else a destination of that title."""
    ours = settings.receiver.ae_title
    if ae_title in settings.receiver.commitment_to:
        host, port = host_and_port(settings.receiver.commitment_to[ae_title])
        return Node(host, port, ae_title, ours, tries=1)
    return next((node(one, ours) for one in settings.destinations if one.ae_title == ae_title), None)


def web_server(destination: Destination) -> WebServer:
    """One PACS over DICOMweb."""
    if destination.dicomweb is None:
        raise SettingsError(f"destination {destination.name!r} has no dicomweb address in the settings")
    secret = destination.dicomweb_authorization_file
    tls = None if destination.tls is None else context_of(destination.tls)
    return WebServer(destination.dicomweb, secret.read_text().strip() if secret else "", tls)


def context_of(tls: DestinationTls) -> SSLContext:
    """How we speak TLS to a server."""
    own = OwnCertificate(tls.certificate, tls.private_key) if tls.certificate and tls.private_key else None
    return requestor_context(tls.authority, own)
