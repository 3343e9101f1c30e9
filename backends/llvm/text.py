"""LLVM IR as text: names, types, metadata, and the runtime's structures as offsets.

field("packet")            byte offset of `packet` in struct bpfcc_run
tag("stack")               ", !tbaa !5": accesses of different memories do not overlap
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.runtime.library import MapHead, Region, Run

if TYPE_CHECKING:
    from collections.abc import Iterable

# What accesses are of. Each has a node of its own below the root, so that none overlaps another.
MEMORIES: Final = ("run", "stack", "packet", "context", "map", "table")
POINTER_BYTES: Final = 8
UNLIKELY: Final = ", !prof !0"
INVARIANT: Final = ", !invariant.load !1"


def field(name: str) -> int:
    """Byte offset in `struct bpfcc_run`."""
    offset: int = getattr(Run, name).offset
    return offset


def slot(index: int) -> int:
    """Byte offset of a slot of guest memory."""
    return field("slots") + POINTER_BYTES * index


def region(name: str) -> int:
    """Byte offset in `struct bpfcc_region`."""
    offset: int = getattr(Region, name).offset
    return offset


def map_head(name: str) -> int:
    """Byte offset in `struct bpfcc_map_head`."""
    offset: int = getattr(MapHead, name).offset
    return offset


def tag(memory: Iterable[str]) -> str:
    """The metadata of an access; empty where it may be of several memories, or of any."""
    found = list(memory)
    return f", !tbaa !{TAGS[found[0]]}" if len(found) == 1 else ""


# !0 and !1 are weights and the empty node; !2 the root of memories; then a node and a tag for each.
TAGS: Final = {name: 4 + 2 * at for at, name in enumerate(MEMORIES)}


def metadata() -> list[str]:
    """The lines that define all of it."""
    lines = ['!0 = !{!"branch_weights", i32 1, i32 100000}', "!1 = !{}", '!2 = !{!"bpfcc"}']
    for name, at in TAGS.items():
        lines += [f'!{at - 1} = !{{!"{name}", !2, i64 0}}', f"!{at} = !{{!{at - 1}, !{at - 1}, i64 0}}"]
    return lines


def number(value: int) -> str:
    """A word as LLVM writes constants."""
    value &= (1 << 64) - 1
    return str(value - (1 << 64) if value >> 63 else value)
