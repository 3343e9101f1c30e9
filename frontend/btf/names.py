"""From names to type ids, for a hundred thousand types.

    index.candidates(btf, "task_struct")   -> ids of types named `task_struct` or `task_struct___anything`

Two sorted arrays (checksum of the name, type id) instead of a dictionary: they are read from a cache file in a
millisecond, and an object asks for a few dozen names only. Checksums collide, so a caller compares the name itself.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Final, final
from zlib import crc32

from bpfcc.frontend.btf import types as t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.frontend.btf.model import Btf

# The kernel takes names of up to 511 bytes. Without a limit, all names could be the same megabyte.
MAX_NAME_BYTES: Final = 1024
_FLAVOUR: Final = re.compile(r"^(.*[^_])___[^_]", re.DOTALL)


def essential_name(name: str) -> str:
    """The name without a flavour: CO-RE takes `task_struct___old` for `task_struct`.

    A flavour is set off by exactly three underscores; the last such place counts.
    """
    if "___" not in name:
        return name
    found = _FLAVOUR.match(name)
    return found[1] if found else name


def _checksum(name: str) -> int:
    return crc32(name.encode("utf-8", "surrogateescape"))


@final
class NameIndex:
    """Checksums of essential names, sorted, and the type id of each."""

    def __init__(self, checksums: array[int], ids: array[int]) -> None:
        self.checksums: Final = checksums
        self.ids: Final = ids

    @classmethod
    def build(cls, btf: Btf) -> NameIndex:
        """Index every named type of this blob (its base has its own index), tags excepted: theirs are values, not names."""
        words, strings, base = btf.words, btf.strings, btf.string_bytes - len(btf.strings)
        tags = (t.DECL_TAG, t.TYPE_TAG)
        pairs: list[int] = []
        for type_id, at in enumerate(btf.offsets, btf.first_id):
            offset = words[at] - base
            if words[at] == 0 or (words[at + 1] >> 24) & 31 in tags:
                continue
            if 0 <= offset < len(strings):
                end = strings.find(0, offset, offset + MAX_NAME_BYTES + 1)
                if end < 0:
                    continue  # Not a name; whoever decodes the type is told so.
                name = strings[offset:end]
            else:
                # A name of the base's; any other place outside is refused here.
                name = btf.name(type_id).encode()
            if b"___" in name:
                name = essential_name(name.decode("utf-8", "backslashreplace")).encode()
            pairs.append(crc32(name) << 32 | type_id)
        pairs.sort()
        return cls(array("I", [p >> 32 for p in pairs]), array("I", [p & 0xFFFF_FFFF for p in pairs]))

    def candidates(self, btf: Btf, name: str) -> Iterator[int]:
        """Ids, ascending, of the types whose name is the same up to flavours."""
        wanted = essential_name(name)
        checksum = _checksum(wanted)
        at = bisect_left(self.checksums, checksum)
        while at < len(self.checksums) and self.checksums[at] == checksum:
            if essential_name(btf.name(self.ids[at])) == wanted:
                yield self.ids[at]
            at += 1
