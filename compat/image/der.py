"""The little of DER that a signature needs: nested values with definite lengths.

    content_info = parse(data)               Value(tag=0x30, …)
    content_info.children()[0].oid           "1.2.840.113549.1.7.2"

InputError for what is malformed; nothing is recursed into until somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from bpfcc.errors import InputError

OID: Final = 0x06
OCTETS: Final = 0x04
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONTEXT_0: Final = 0xA0
MAX_CHILDREN: Final = 4096
# Tags of one byte only: nothing in a signature has others.
LONG_TAG: Final = 0x1F
LONG_LENGTH: Final = 0x80


@final
@dataclass(frozen=True, slots=True)
class Value:
    """`data[start:end]` is its content, `data[at:end]` the whole of it."""

    data: bytes
    at: int
    start: int
    end: int

    @property
    def tag(self) -> int:
        return self.data[self.at]

    @property
    def content(self) -> bytes:
        return self.data[self.start : self.end]

    @property
    def whole(self) -> bytes:
        return self.data[self.at : self.end]

    @property
    def oid(self) -> str:
        """Of an object identifier, its numbers with dots; "" of anything else."""
        content = self.content
        if self.tag != OID or not content or len(content) > 64:
            return ""
        arcs, number = [], 0
        for byte in content:
            number = number << 7 | byte & 0x7F
            if byte < 0x80:
                arcs.append(number)
                number = 0
        first = min(arcs[0] // 40, 2) if arcs else 0
        return ".".join(map(str, [first, arcs[0] - first * 40, *arcs[1:]])) if arcs else ""

    def children(self) -> list[Value]:
        """The values in it."""
        found, at = [], self.start
        while at < self.end:
            value = parse(self.data, at, self.end)
            found.append(value)
            at = value.end
            if len(found) > MAX_CHILDREN:
                raise InputError("a signature with too many parts")
        return found

    def child(self, number: int, tag: int | None = None) -> Value:
        """One of them. InputError where it is not there, or has another tag."""
        children = self.children()
        if number >= len(children) or tag not in (None, children[number].tag):
            raise InputError("a part of the signature is missing")
        return children[number]


def parse(data: bytes, at: int = 0, end: int | None = None) -> Value:
    """The value at `at`. InputError where it is cut off."""
    limit = len(data) if end is None else end
    if at + 2 > limit or data[at] & LONG_TAG == LONG_TAG:
        raise InputError("the signature is not well-formed DER")
    size, start = data[at + 1], at + 2
    if size >= LONG_LENGTH:
        count = size & 0x7F
        if not 1 <= count <= 4 or start + count > limit:
            raise InputError("the signature is not well-formed DER")
        size, start = int.from_bytes(data[start : start + count], "big"), start + count
    if start + size > limit:
        raise InputError("the signature is cut off")
    return Value(data, at, start, start + size)
