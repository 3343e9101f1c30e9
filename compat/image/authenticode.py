"""The signature in an image: what it says was signed, and what there is.

    found = read_signature(image)              None where the image is not signed
    found.problems                             () where it covers this very image
    found.signer, found.self_signed            "bpfcc test signing", True

An Authenticode signature is a PKCS #7 message in the certificate table. It carries the digest of the image without the checksum, the
table and the entry that leads to it; the signer signs attributes that carry the digest of that. Both digests are computed again here.
Whether the signer's key made the signature, and who trusts it, is for osslsigncode to say (`signing.py`), and for Windows.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.compat.image.der import CONTEXT_0, OCTETS, SEQUENCE, SET, Value, parse
from bpfcc.errors import InputError

if TYPE_CHECKING:
    from bpfcc.compat.image.pe import Image

PKCS_SIGNED_DATA: Final = 2
SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
SPC_INDIRECT_DATA: Final = "1.3.6.1.4.1.311.2.1.4"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
COMMON_NAME: Final = "2.5.4.3"
USAGES: Final = "2.5.29.37"
CODE_SIGNING: Final = "1.3.6.1.5.5.7.3.3"
# Attributes that nobody signs: a signature over this one, with the time.
TIMES: Final = frozenset({"1.2.840.113549.1.9.6", "1.3.6.1.4.1.311.3.3.1"})
EXTENSIONS: Final = 0xA3
UNSIGNED: Final = 0xA1
SHORT_TIME: Final = 0x17
DIGESTS: Final = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


# Entries of the table are filled up to this.
ALIGNMENT: Final = 8
MAX_ENTRIES: Final = 4


class Certificate(NamedTuple):
    """Of an X.509 certificate. It counts from `begin` to `end` ("20260131235959Z"), for `usages` (None: it does not say)."""

    der: bytes
    serial: bytes
    issuer: bytes
    subject: bytes
    common_name: str
    begin: str
    end: str
    usages: tuple[str, ...] | None

    @property
    def number(self) -> int:
        """The serial number."""
        return int.from_bytes(self.serial, "big", signed=True)

    @property
    def pem(self) -> str:
        body = base64.encodebytes(self.der).decode()
        return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"


@final
@dataclass(frozen=True, slots=True)
class Signature:
    """What was found. `problems`: why it does not count for this image. `intact`: the image is the one that it was made for."""

    algorithm: str
    digest: str
    computed: str
    signer: str
    self_signed: bool
    certificates: tuple[Certificate, ...]
    problems: tuple[str, ...]
    holder: Certificate | None = None
    intact: bool = False


def image_digest(image: Image, algorithm: str) -> str:
    """The digest that a signature of this image carries. The table has to be at the end of the file."""
    where = image.directory("security")
    end = where.address if where.size else len(image.data)
    digest = hashlib.new(algorithm)
    digest.update(image.data[: image.checksum_offset])
    digest.update(image.data[image.checksum_offset + 4 : image.security_offset])
    digest.update(image.data[image.security_offset + 8 : end])
    # Signing fills the file first.
    digest.update(bytes(-end % 8))
    return digest.hexdigest()


def read_signature(image: Image) -> Signature | None:
    """The signature. InputError where the table or the message is malformed, or there is more than one signature."""
    found = list(islice(image.certificates(), MAX_ENTRIES))
    if len(found) > 1 or any(kind != PKCS_SIGNED_DATA for kind, _ in found):
        # Windows looks at the first alone: the others are not covered by anything.
        kinds = ", ".join(str(kind) for kind, _ in found)
        raise InputError(f"the certificate table has {len(found)} entries or more (of kind {kinds}) instead of one signature")
    return _read(image, found[0][1]) if found else None


def _read(image: Image, data: bytes) -> Signature:
    message = parse(data)
    if len(data) - message.end >= ALIGNMENT or any(data[message.end :]):
        raise InputError(f"{len(data) - message.end} bytes lie behind the signature, where nothing covers them")
    if message.tag != SEQUENCE or message.child(0).oid != SIGNED_DATA:
        raise InputError("the certificate table holds no signed message")
    signed = message.child(1, CONTEXT_0).child(0, SEQUENCE)
    parts = signed.children()
    content = signed.child(2, SEQUENCE)
    if content.child(0).oid != SPC_INDIRECT_DATA:
        raise InputError("the signature is not one of an image")
    indirect = content.child(1, CONTEXT_0).child(0, SEQUENCE)
    info = indirect.child(1, SEQUENCE)
    algorithm = DIGESTS.get(info.child(0, SEQUENCE).child(0).oid, "")
    if not algorithm:
        raise InputError("the signature uses a digest that bpfcc does not know")
    said = info.child(1, OCTETS).content.hex()
    certificates = tuple(certificate_of(each) for part in parts[3:] if part.tag == CONTEXT_0 for each in part.children())
    signers = parts[-1]
    if signers.tag != SET or len(signers.children()) != 1:
        raise InputError(f"the signature names {len(signers.children()) if signers.tag == SET else 'no'} signers instead of one")
    return _judge(image, algorithm, said, indirect, signers.child(0, SEQUENCE), certificates)


def _judge(image: Image, algorithm: str, said: str, indirect: Value, signer: Value, certificates: tuple[Certificate, ...]) -> Signature:
    problems = []
    computed = image_digest(image, algorithm)
    if computed != said:
        problems.append(f"it was made for an image with {algorithm} {said}, this one has {computed}")
    carried = _message_digest(signer)
    method = DIGESTS.get(signer.child(2, SEQUENCE).child(0).oid, "")
    if carried is None or not method or hashlib.new(method, indirect.content).digest() != carried:
        problems.append("what the signer signed is not the digest that the signature carries")
    name = signer.child(1, SEQUENCE)
    issuer, serial = name.child(0).whole, name.child(1).content
    holders = {each.der: each for each in certificates if (each.issuer, each.serial) == (issuer, serial)}
    own = next(iter(holders.values()), None)
    if len(holders) != 1:
        # Of several, another reader might take another one.
        problems.append("the signer's certificate is " + ("there in several forms" if holders else "not in it"))
    intact = not problems
    if algorithm == "sha1":
        problems.append("its digest is SHA-1, which Windows no longer takes")
    if own is not None:
        problems += _unfit(own, timed=_timed(signer))
    shown = own.common_name if own is not None else "?"
    return Signature(
        algorithm, said, computed, shown, own is not None and own.issuer == own.subject, certificates, tuple(problems), own, intact
    )  # fmt: skip


def _unfit(own: Certificate, *, timed: bool) -> list[str]:
    """Why a certificate does not count: not for code, or not today. A signature with its time may count for longer."""
    now, found = f"{datetime.now(UTC):%Y%m%d%H%M%SZ}", []
    if own.usages is not None and CODE_SIGNING not in own.usages:
        found.append(f"the certificate of {own.common_name} is not for code")
    if own.begin > now:
        found.append(f"the certificate of {own.common_name} does not count before {own.begin[:8]}")
    if own.end < now and not timed:
        found.append(f"the certificate of {own.common_name} has ended on {own.end[:8]}, and nothing says that the signature is older")
    return found


def _timed(signer: Value) -> bool:
    """Whether somebody else has signed when it was made."""
    return any(
        each.child(0).oid in TIMES for part in signer.children() if part.tag == UNSIGNED for each in part.children()
    )  # fmt: skip


def _message_digest(signer: Value) -> bytes | None:
    """The digest among the attributes that are signed."""
    attributes = signer.child(3)
    if attributes.tag != CONTEXT_0:
        return None
    for each in attributes.children():
        if each.child(0).oid == MESSAGE_DIGEST:
            return each.child(1, SET).child(0, OCTETS).content
    return None


def certificate_of(value: Value) -> Certificate:
    """Of the whole of an X.509 certificate. InputError where a part is missing."""
    fields = value.child(0, SEQUENCE).children()
    # The version is optional.
    first = 1 if fields and fields[0].tag == CONTEXT_0 else 0
    if len(fields) < first + 6:
        raise InputError("a certificate in the signature is cut off")
    serial, issuer, subject = fields[first], fields[first + 2], fields[first + 4]
    begin, end = (_time(each) for each in (fields[first + 3].child(0), fields[first + 3].child(1)))
    return Certificate(value.whole, serial.content, issuer.whole, subject.whole, _common_name(subject), begin, end, _usages(fields))


def _time(value: Value) -> str:
    text = value.content.decode("ascii", "replace")
    if value.tag != SHORT_TIME:
        return text
    # Two digits of the year: RFC 5280, section 4.1.2.5.1.
    return ("19" if text[:2] >= "50" else "20") + text


def _usages(fields: list[Value]) -> tuple[str, ...] | None:
    for part in fields:
        for each in part.child(0, SEQUENCE).children() if part.tag == EXTENSIONS else ():
            if each.child(0).oid == USAGES:
                return tuple(usage.oid for usage in parse(each.children()[-1].content).children())
    return None


def _common_name(name: Value) -> str:
    found = ""
    for group in name.children():
        for pair in group.children():
            if pair.child(0).oid == COMMON_NAME:
                text = pair.child(1)
                found = text.content.decode("utf-16-be" if text.tag == 0x1E else "utf-8", "backslashreplace")
    return found or "a signer without a name"
