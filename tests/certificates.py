"""Certificates for tests, made by openssl in a folder of the test's own: one authority, and who it signed."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from tests.servers import run

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


@dataclass(frozen=True)
class Signed:
    """A certificate and its key, in PEM."""

    certificate: Path
    private_key: Path

    @property
    def fingerprint(self) -> str:
        """As the settings name it."""
        return "sha256:" + hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.certificate.read_text())).hexdigest()


class Authority:
    """A hospital's certificate authority."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.certificate, self._key = folder / f"{name}.crt", folder / f"{name}.key"
        _openssl("req", "-x509", *_KEY, "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.certificate)

    def sign(self, name: str) -> Signed:
        """A certificate for a host, valid for 127.0.0.1 too."""
        signed = Signed(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        request, names = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        names.write_text(f"subjectAltName=DNS:{name},DNS:localhost,IP:127.0.0.1\n")
        _openssl("req", "-new", *_KEY, "-subj", f"/CN={name}", "-keyout", signed.private_key, "-out", request)
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
            "-days", "2", "-extfile", names, "-out", signed.certificate,
        )  # fmt: skip
        return signed


def _openssl(*arguments: object) -> None:
    done = run("openssl", *arguments)
    assert done.returncode == 0, done.stderr
