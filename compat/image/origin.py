"""Checks of where an image comes from: repeatable linking, the record, the signature. rules.py names them.

list(record_verdict(subject))        ["drop: rejected"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.compat.image.authenticode import Signature
from bpfcc.compat.image.record import SECTION, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.compat.image.subject import Subject

CODEVIEW: Final = 2
REPEATABLE: Final = 16
NO_TIMES: Final = frozenset({0, 0xFFFF_FFFF})
# Of a debug entry that leads to a symbol file: magic, GUID, age, then the path.
CODEVIEW_PATH: Final = 24
# Where these fail, names of programs are not known.
UNNAMED: Final = frozenset({"programs-section", "strings-place"})


def deterministic(subject: Subject) -> Iterator[str]:
    """Times are zero or made of the content, which a debug entry says; no path of the build machine."""
    if isinstance(subject.debug, str):
        yield subject.debug
        return
    repeatable = any(each.kind == REPEATABLE for each in subject.debug)
    if not repeatable and subject.image.time not in NO_TIMES:
        yield f"the header holds the time {subject.image.time}, and no mark that it is made of the content"
    for each in subject.debug:
        path = each.data[CODEVIEW_PATH:].partition(b"\0")[0] if each.kind == CODEVIEW else b""
        if path:
            yield f"it names a symbol file: {path.decode('utf-8', 'backslashreplace')}"


def record_present(subject: Subject) -> Iterator[str]:
    """There is one."""
    if subject.record is None:
        yield f"there is no section {SECTION}"


def record_valid(subject: Subject) -> Iterator[str]:
    """It can be read, and names the programs that there are."""
    record = subject.record
    if isinstance(record, str):
        yield record
    elif record is not None and not any(each.rule in UNNAMED for each in subject.metadata.problems):
        said = sorted(each.name for each in record.programs)
        there = sorted(each.name for each in subject.metadata.programs)
        if said != there:
            names = [", ".join(each[:8]) or "nothing" for each in (said, there)]
            yield f"it is about {names[0]}; the image has {names[1]}"


def record_verdict(subject: Subject) -> Iterator[str]:
    """Every program was accepted."""
    if isinstance(subject.record, Record):
        for each in subject.record.programs:
            if each.verdict != "accepted":
                yield f"{each.name}: {each.verdict}"


def signed(subject: Subject) -> Iterator[str]:
    """There is a signature."""
    if subject.signature is None:
        yield "it is not signed"


def signature(subject: Subject) -> Iterator[str]:
    """What is there is valid."""
    found = subject.signature
    if isinstance(found, str):
        yield found
    elif found is not None:
        yield from found.problems
        if subject.verification is not None and subject.verification.status == "invalid":
            yield subject.verification.text


def signer(subject: Subject) -> Iterator[str]:
    """Somebody other than the image says who it is."""
    found, verification = subject.signature, subject.verification
    if not isinstance(found, Signature) or verification is None:
        return
    if verification.status in ("untrusted", "unchecked"):
        yield verification.text
    elif found.self_signed:
        yield f"{found.signer}, by a certificate that it made itself"
    elif verification.by_itself:
        yield f"{found.signer}, by certificates that come with the image and that nobody else vouches for"
