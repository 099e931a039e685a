"""TLS as DICOM asks for it (PS3.15 B.12: BCP 195, RFC 8996 and RFC 9325): 1.2 at least, 1.3 preferred, both sides known.

In: files in PEM. Out: contexts for Python's ``ssl``, and the names that a peer's certificate proves.
"""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from dicom_io.errors import DicomIoError
from dicom_io.tls_connection import TlsConnection

_CIPHERS_OF_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Forward secrecy and authenticated encryption only (RFC 9325 4.2); 1.3 has no others."""

FINGERPRINT = "sha256:"


class TlsError(DicomIoError):
    """Certificate or key files that cannot be used."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"TLS cannot be used: {what} ({reason}); give files in PEM that belong together")


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """What we show of ourselves; the key never leaves its file."""

    certificate: Path
    private_key: Path


def acceptor_context(own: OwnCertificate, client_authority: Path) -> ssl.SSLContext:
    """For a receiver: every client must show a certificate that ``client_authority`` signed."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, client_authority)
    _show(context, own)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def requestor_context(authority: Path, own: OwnCertificate | None) -> ssl.SSLContext:
    """For a sender: the server must show a certificate for its host's name, signed by ``authority``."""
    context = _context(ssl.PROTOCOL_TLS_CLIENT, authority)
    if own is not None:
        _show(context, own)
    return context


def proven_names(connection: TlsConnection) -> frozenset[str]:
    """What the peer's certificate proves: common name, DNS names, and its fingerprint as ``sha256:...``."""
    whole = connection.getpeercert(binary_form=True)
    if not whole:
        return frozenset()
    told = connection.getpeercert() or {}
    subject = [pair for part in told.get("subject", ()) for pair in part]
    alternatives = told.get("subjectAltName", ())
    names = {str(value) for key, value in (*subject, *alternatives) if key in {"commonName", "DNS"}}
    return frozenset({FINGERPRINT + hashlib.sha256(whole).hexdigest(), *names})


def _context(protocol: int, authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS_OF_1_2)
    try:
        context.load_verify_locations(authority)
    except (OSError, ssl.SSLError) as error:
        raise TlsError("the certificate of the authority is not read", type(error).__name__) from error
    return context


def _show(context: ssl.SSLContext, own: OwnCertificate) -> None:
    try:
        context.load_cert_chain(own.certificate, own.private_key)
    except (OSError, ssl.SSLError) as error:
        raise TlsError("our certificate or its key is not read", type(error).__name__) from error
