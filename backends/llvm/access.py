"""How memory is reached: with what was proven, or with every access looked up.

Proven code uses host addresses as they are. Code that checks itself has guest addresses; each is looked up in a *cache*, three numbers
of the piece of memory that the last access of the same pointer reached (`struct bpfcc_reach`). LLVM keeps them in registers; a miss asks
the runtime, which traps where there is no such memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.backends.kinds import frame_place, is_private
from bpfcc.backends.llvm.text import UNLIKELY, number, tag
from bpfcc.bpfir import semantics
from bpfcc.bpfir.ops import Alu, FrameAddr, Value
from bpfcc.runtime.memory import FRAME_BYTES

if TYPE_CHECKING:
    from bpfcc.backends.llvm.function import FunctionWriter
    from bpfcc.bpfir.ops import Operand

MAX_CACHES: Final = 16
MAX_SUMS: Final = 8
MEMBERS: Final = ("lo", "bytes", "delta")


class Place(NamedTuple):
    """A host address, and what is known of the memory there: `volatile ` where others may write it, and a tag."""

    address: str
    volatile: str = ""
    tag: str = ""


def reach(writer: FunctionWriter, base: Operand, offset: int, size: int, insn: int, *, write: bool) -> Place:
    """Where `size` bytes at base + offset are."""
    base = writer.resolve(base)
    own = frame_place(base, offset, size)
    if own is not None:
        return Place(writer.let(f"getelementptr i8, ptr %frame, i64 {own}"), "", tag(["stack"]))
    if writer.caches is not None:
        return Place(writer.caches.reach(base, offset, size, insn, write=write))
    kind = writer.kinds.kind(base)
    volatile = "" if is_private(kind.memory) else "volatile "
    if kind.address:
        address = writer.let(f"getelementptr i8, ptr {writer.address(base)}, i64 {offset}") if offset else writer.address(base)
    else:
        word = writer.let(f"add i64 {writer.word(base)}, {number(offset)}") if offset else writer.word(base)
        address = writer.let(f"inttoptr i64 {word} to ptr")
    return Place(address, volatile, tag(kind.memory))


@final
class Caches:
    """The caches of one function."""

    def __init__(self, writer: FunctionWriter) -> None:
        self.writer = writer
        self._numbers: dict[tuple[Operand, bool], int] = {}

    def _origin(self, base: Operand) -> Operand:
        """What the address is computed from: pointers of one origin reach the same memory, mostly."""
        for _ in range(MAX_SUMS):
            made = base.definition if type(base) is Value else None
            if not isinstance(made, Alu) or made.kind not in ("add", "sub"):
                break
            inner = self.writer.resolve(made.lhs)
            if type(inner) is not Value:
                break
            base = inner
        return base

    def prologue(self) -> list[str]:
        """Room for them, empty."""
        lines: list[str] = []
        for at in range(min(len(self._numbers), MAX_CACHES)):
            lines += [f"  %c{at}.{member} = alloca i64, align 8" for member in MEMBERS]
            lines += [f"  store i64 0, ptr %c{at}.{member}, align 8" for member in MEMBERS]
        return lines

    def forget(self) -> None:
        """Memory may have moved or gone. Of caches that come up later in the function, too: loops."""
        self.writer.put(";forget")

    def forgotten(self, lines: list[str]) -> list[str]:
        """The lines with every cache emptied where that was asked for, once it is known which there are."""
        count = min(len(self._numbers), MAX_CACHES)
        empty = [f"  store i64 0, ptr %c{at}.bytes, align 8" for at in range(count)]
        found: list[str] = []
        for line in lines:
            found += empty if line == "  ;forget" else [line]
        return found

    def reach(self, base: Operand, offset: int, size: int, insn: int, *, write: bool) -> str:
        """The host address, or a trap."""
        writer = self.writer
        origin = self._origin(base)
        address = writer.let(f"add i64 {writer.word(base)}, {number(semantics.signed(64, offset))}")
        if type(origin) is Value and type(origin.definition) is FrameAddr:
            return self._own_frame(address, size, insn, write=write)
        at = self._numbers.setdefault((origin, write), len(self._numbers)) % MAX_CACHES
        lo = writer.let(f"load i64, ptr %c{at}.lo, align 8")
        bytes_ = writer.let(f"load i64, ptr %c{at}.bytes, align 8")
        from_start = writer.let(f"sub i64 {address}, {lo}")
        room = writer.let(f"call i64 @llvm.usub.sat.i64(i64 {bytes_}, i64 {size - 1})") if size > 1 else bytes_
        outside = writer.let(f"icmp uge i64 {from_start}, {room}")
        miss, hit = writer.label(), writer.label()
        writer.branch(outside, miss, hit, UNLIKELY)
        writer.begin(miss)
        values = self._miss(address, size, insn, write=write)
        for member, value in zip(MEMBERS, values, strict=True):
            writer.put(f"store i64 {value}, ptr %c{at}.{member}, align 8")
        writer.put(f"br label %{hit}")
        writer.begin(hit)
        delta = writer.let(f"load i64, ptr %c{at}.delta, align 8")
        return writer.let(f"inttoptr i64 {writer.let(f'add i64 {address}, {delta}')} to ptr")

    def _miss(self, address: str, size: int, insn: int, *, write: bool) -> list[str]:
        """The piece of memory that the runtime finds there, or a trap."""
        writer = self.writer
        piece = writer.let(f"call [3 x i64] @bpfcc_miss(ptr %run, i64 {address}, i64 {size}, i32 {int(write)})")
        values = [writer.let(f"extractvalue [3 x i64] {piece}, {index}") for index in range(len(MEMBERS))]
        writer.trap_if(writer.let(f"icmp eq i64 {values[1]}, 0"), insn)
        return values

    def _own_frame(self, address: str, size: int, insn: int, *, write: bool) -> str:
        """What is computed from this function's frame lies in it, mostly; where that is, is known."""
        writer = self.writer
        below = writer.let(f"sub i64 %guest, {address}")
        # below: how far under r10; inside where size <= below <= 512.
        outside = writer.let(f"icmp ugt i64 {writer.let(f'sub i64 {below}, {size}')}, {FRAME_BYTES - size}")
        miss, hit, on = writer.label(), writer.label(), writer.label()
        writer.branch(outside, miss, hit, UNLIKELY)
        writer.begin(hit)
        here = writer.let(f"getelementptr i8, ptr %frame, i64 {writer.let(f'sub i64 0, {below}')}")
        writer.put(f"br label %{on}")
        writer.begin(miss)
        delta = self._miss(address, size, insn, write=write)[2]
        there = writer.let(f"inttoptr i64 {writer.let(f'add i64 {address}, {delta}')} to ptr")
        came_from = writer.current
        writer.put(f"br label %{on}")
        writer.begin(on)
        return writer.let(f"phi ptr [ {here}, %{hit} ], [ {there}, %{came_from} ]")
