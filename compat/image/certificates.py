"""Certificates and keys in PEM files: what callers name with --trust, --cert and --key.

found = read_certificates(Path("signer.pem"))           InputError, with the file, where it holds none
found[0].common_name, found[0].pem
key_form(Path("signer.key"))                            "plain", "encrypted", or None: no private key in PEM form
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final, Literal

from bpfcc.compat.image.authenticode import certificate_of
from bpfcc.compat.image.der import parse
from bpfcc.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from bpfcc.compat.image.authenticode import Certificate

# All roots of a system are less than a megabyte.
MAX_BYTES: Final = 4 << 20
CERTIFICATE: Final = re.compile(rb"-----BEGIN (X509 |)CERTIFICATE-----\s([^-]*)-----END \1CERTIFICATE-----")
KEY: Final = re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----")
ENCRYPTED: Final = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED", re.MULTILINE)


def read_certificates(path: Path) -> tuple[Certificate, ...]:
    """Every certificate of the file, at least one. InputError where one cannot be read."""
    found = []
    for number, match in enumerate(CERTIFICATE.finditer(_read(path))):
        try:
            value = parse(base64.b64decode(b"".join(match[2].split()), validate=True))
            found.append(certificate_of(value))
        except (binascii.Error, InputError) as error:
            raise InputError(f"certificate {number + 1} in it cannot be read", file=str(path)) from error
    if not found:
        raise InputError("it holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", file=str(path))
    return tuple(found)


def key_form(path: Path) -> Literal["plain", "encrypted"] | None:
    """Of the private key in a PEM file; None where there is none."""
    data = _read(path)
    if KEY.search(data) is None:
        return None
    return "encrypted" if ENCRYPTED.search(data) else "plain"


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    if len(data) > MAX_BYTES:
        raise InputError(f"more than {MAX_BYTES >> 20} MiB", file=str(path))
    return data
