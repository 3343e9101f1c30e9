"""An object's BTF in a form that kernels take, loaded when something needs it.

    with TypeStore() as types:
        types.fd(btf)                   a file descriptor, None where Linux takes none of it

What objects say of sections and of symbols that are somewhere else is not for the kernel: clang leaves sizes of sections open, and
declarations of what is elsewhere are refused. Such types become empty structures, so that the numbers of all others stay.
"""

from __future__ import annotations

import os
import struct
from array import array
from typing import TYPE_CHECKING, Final, Self, final

from bpfcc.backends.kernel import syscall
from bpfcc.frontend.btf import types as t
from bpfcc.frontend.btf.model import MAGIC

if TYPE_CHECKING:
    from types import TracebackType

    from bpfcc.frontend.btf import Btf

HEADER: Final = struct.Struct("=HBBIIIII")
EXTERN: Final = 2
# No name, no members, no bytes.
EMPTY_STRUCT: Final = (0, t.STRUCT << 24, 0)


def loadable(btf: Btf, *, sections: bool = False) -> bytes:
    """The types as a blob; with `sections`, those of data as the object has them, else none."""
    gone: set[int] = set()
    rows: list[array[int]] = []
    ends = [*btf.offsets[1:], len(btf.words)]
    for number, (start, end) in enumerate(zip(btf.offsets, ends, strict=True), btf.first_id):
        row = btf.words[start:end]
        if _is_gone(row, gone, sections=sections):
            gone.add(number)
        rows.append(row)
    words: array[int] = array("I")
    for number, row in enumerate(rows, btf.first_id):
        words.extend(EMPTY_STRUCT if number in gone or _tags_gone(row, gone) else row)
    size = 4 * len(words)
    return HEADER.pack(MAGIC, 1, 0, HEADER.size, 0, size, size, len(btf.strings)) + words.tobytes() + btf.strings


def _kind(row: array[int]) -> int:
    return row[1] >> 24 & 31


def _is_gone(row: array[int], gone: set[int], *, sections: bool) -> bool:
    """Whether the kernel must not see it. Sections come after what is in them."""
    kind = _kind(row)
    if kind == t.FUNC:
        return row[1] & 0xFFFF == EXTERN
    if kind == t.VAR:
        return row[3] == EXTERN or not sections
    return kind == t.DATASEC and (not sections or not row[2] or any(row[at] in gone for at in range(3, len(row), 3)))


def _tags_gone(row: array[int], gone: set[int]) -> bool:
    """A tag of a variable or function that is not there: what it says may not hold of a structure."""
    return _kind(row) == t.DECL_TAG and row[2] in gone


@final
class TypeStore:
    """Types that were loaded, by the object's. Close it when maps and programs are made."""

    def __init__(self) -> None:
        # The Btf itself is kept: its id stays its own.
        self._loaded: dict[int, tuple[Btf, int | None]] = {}

    def fd(self, btf: Btf) -> int | None:
        """The file descriptor of an object's types."""
        found = self._loaded.get(id(btf))
        if found is None:
            found = self._loaded[id(btf)] = btf, self._load(btf)
        return found[1]

    @staticmethod
    def _load(btf: Btf) -> int | None:
        if btf.base is not None:
            return None
        for sections in (True, False):
            made = syscall.btf_load(loadable(btf, sections=sections))
            if not isinstance(made, syscall.Refused):
                return made
        return None

    def close(self) -> None:
        """Close them; maps and programs keep what they use."""
        for _, fd in self._loaded.values():
            if fd is not None:
                os.close(fd)
        self._loaded.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
