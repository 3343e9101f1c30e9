"""BTF made by hand: every kind, and what no compiler would write.

b = BtfBuilder()
u32 = b.int("unsigned int", 4)
b.struct("flow", 8, [("saddr", u32, 0), ("port", u32, 32)])
Btf.from_bytes(b.blob())
"""

from __future__ import annotations

import struct
from collections.abc import Sequence


class BtfBuilder:
    """Appends types; each method returns the new type's id."""

    def __init__(self, order: str = "<") -> None:
        self.order = order
        self.strings = bytearray(b"\0")
        self.types = bytearray()
        self.count = 0

    def string(self, text: str) -> int:
        """Offset of a string."""
        if not text:
            return 0
        offset = len(self.strings)
        self.strings += text.encode() + b"\0"
        return offset

    def add(self, name: str, kind: int, third: int, words: Sequence[int] = (), *, vlen: int = 0, kflag: bool = False) -> int:
        """A type of any kind, words as given."""
        info = kflag << 31 | kind << 24 | vlen
        self.types += struct.pack(f"{self.order}III{len(words)}I", self.string(name), info, third, *(w & 0xFFFF_FFFF for w in words))
        self.count += 1
        return self.count

    def int(self, name: str, size: int, encoding: int = 0, *, bits: int | None = None, offset: int = 0) -> int:
        return self.add(name, 1, size, [encoding << 24 | offset << 16 | (8 * size if bits is None else bits)])

    def ptr(self, target: int) -> int:
        return self.add("", 2, target)

    def array(self, element: int, length: int, index: int = 1) -> int:
        return self.add("", 3, 0, [element, index, length])

    def struct(self, name: str, size: int, members: Sequence[tuple[str, int, int]], *, kflag: bool = False, union: bool = False) -> int:
        words = [w for text, type_id, offset in members for w in (self.string(text), type_id, offset)]
        return self.add(name, 5 if union else 4, size, words, vlen=len(members), kflag=kflag)

    def enum(self, name: str, values: Sequence[tuple[str, int]], size: int = 4, *, signed: bool = False) -> int:
        words = [w for text, value in values for w in (self.string(text), value)]
        return self.add(name, 6, size, words, vlen=len(values), kflag=signed)

    def enum64(self, name: str, values: Sequence[tuple[str, int]], *, signed: bool = False) -> int:
        words = [w for text, value in values for w in (self.string(text), value & 0xFFFF_FFFF, value >> 32 & 0xFFFF_FFFF)]
        return self.add(name, 19, 8, words, vlen=len(values), kflag=signed)

    def fwd(self, name: str, *, union: bool = False) -> int:
        return self.add(name, 7, 0, kflag=union)

    def typedef(self, name: str, target: int) -> int:
        return self.add(name, 8, target)

    def modifier(self, kind: int, target: int) -> int:
        """9 volatile, 10 const, 11 restrict."""
        return self.add("", kind, target)

    def func(self, name: str, proto: int, linkage: int = 1) -> int:
        return self.add(name, 12, proto, vlen=linkage)

    def proto(self, result: int, parameters: Sequence[tuple[str, int]]) -> int:
        words = [w for text, type_id in parameters for w in (self.string(text), type_id)]
        return self.add("", 13, result, words, vlen=len(parameters))

    def var(self, name: str, type_id: int, linkage: int = 1) -> int:
        return self.add(name, 14, type_id, [linkage])

    def datasec(self, name: str, size: int, variables: Sequence[tuple[int, int, int]]) -> int:
        return self.add(name, 15, size, [w for v in variables for w in v], vlen=len(variables))

    def float(self, name: str, size: int) -> int:
        return self.add(name, 16, size)

    def decl_tag(self, text: str, target: int, component: int = -1) -> int:
        return self.add(text, 17, target, [component])

    def type_tag(self, text: str, target: int) -> int:
        return self.add(text, 18, target)

    def blob(self) -> bytes:
        """Header, types, strings."""
        header = struct.pack(self.order + "HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(self.types), len(self.types), len(self.strings))
        return header + bytes(self.types) + bytes(self.strings)
