"""Bytes of an image that its content decides: the checksum, and the image as it was before it was signed.

with_checksum(data)          the header's checksum set: what a linker that leaves it 0 has not done
unsigned(data)               without signature and checksum: equal for two builds of the same input
"""

from __future__ import annotations

import sys
from array import array
from typing import Final, NamedTuple

from bpfcc.errors import InputError

MASK: Final = 0xFFFF


class Places(NamedTuple):
    """File offsets of header fields."""

    checksum: int
    security: int


def places(data: bytes) -> Places:
    """Of a 64-bit image. InputError for anything else."""
    header = int.from_bytes(data[0x3C:0x40], "little")
    optional = header + 24
    if data[:2] != b"MZ" or data[header : header + 4] != b"PE\0\0" or data[optional : optional + 2] != b"\x0b\x02":
        raise InputError("not a 64-bit Windows image")
    found = Places(optional + 64, optional + 112 + 4 * 8)
    if found.security + 8 > len(data):
        raise InputError("the image ends within its headers")
    return found


def checksum(data: bytes) -> int:
    """What the header's checksum has to be: 16-bit words added with carry around, the field itself as zero, and the file's length."""
    where = places(data).checksum
    zeroed = bytearray(data)
    zeroed[where : where + 4] = bytes(4)
    words = array("H", bytes(zeroed) + bytes(len(zeroed) % 2))
    if sys.byteorder == "big":
        words.byteswap()
    # Carries added at the end are the same as carries added each time.
    total = sum(words)
    while total > MASK:
        total = (total & MASK) + (total >> 16)
    return (total + len(data)) & 0xFFFF_FFFF


def with_checksum(data: bytes) -> bytes:
    """The image with its checksum set."""
    where = places(data).checksum
    return data[:where] + checksum(data).to_bytes(4, "little") + data[where + 4 :]


def unsigned(data: bytes) -> bytes:
    """The image without its signature, and with checksum 0. Signing also fills the file up to 8 bytes, and so does this."""
    where = places(data)
    start = int.from_bytes(data[where.security : where.security + 4], "little")
    size = int.from_bytes(data[where.security + 4 : where.security + 8], "little")
    content = bytearray(data)
    if size:
        if start + size != len(data) or start < where.security + 8:
            raise InputError("the certificate table is not at the end of the image")
        del content[start:]
    content += bytes(-len(content) % 8)
    content[where.checksum : where.checksum + 4] = bytes(4)
    content[where.security : where.security + 8] = bytes(8)
    return bytes(content)
