"""Constant bytes that a program points to: formats of printed lines.

v4 = map_value 1, 12                       bytes 12 … of the .rodata that is map 1
v5 = frame -16 (stores of constants there, or copies from .rodata)      the same, where each byte is written once
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from bpfcc.bpfir.frame import CALLS, FRAME_BYTES, WRITERS, Pointers, frame_offset
from bpfcc.bpfir.ops import Call, FrameAddr, Load, MapValueAddr, Store, Value
from bpfcc.bpfir.reach import Reach
from bpfcc.bpfir.renamed import renamed

if TYPE_CHECKING:
    from bpfcc.bpfir.effects import EffectsOf
    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.ops import CallExtern, CallFunction, CallIndirect, Op, Operand


@final
class Texts:
    """Constant bytes of one function, as it is before anything of it is rewritten."""

    def __init__(self, module: Module, fn: Function, effects: EffectsOf) -> None:
        self._module, self._reach = module, Reach(module, effects)
        # Bytes of the frame that every store to them makes the same; None for others.
        self._frame: dict[int, int | None] = {}
        # Something may write the frame anywhere.
        self._lost = False
        pointers = Pointers(fn)
        if pointers.values:
            for op in fn.ops():
                self._follow(op, pointers)

    def at(self, address: Value, size: int) -> bytes | None:
        """`size` bytes, None where they are not known."""
        found = renamed(address)
        definition = found.definition if type(found) is Value else None
        if isinstance(definition, MapValueAddr):
            return _initial(self._module, definition, 0, size)
        if isinstance(definition, FrameAddr) and not self._lost:
            stored = [self._frame.get(definition.offset + number) for number in range(size)]
            return bytes(each for each in stored if each is not None) if None not in stored else None
        return None

    def _follow(self, op: Op, pointers: Pointers) -> None:
        """What one operation may write."""
        if isinstance(op, WRITERS) and op.base in pointers:
            offset = frame_offset(op.base)
            if offset is None:
                self._lost = True
                return
            data = _value(self._module, op.value, op.size_bytes) if isinstance(op, Store) else None
            for number in range(op.size_bytes):
                self._put(offset + op.offset + number, data[number] if data is not None else None)
        elif isinstance(op, CALLS):
            self._call(op, [index for index, arg in enumerate(op.args) if arg in pointers])

    def _call(self, op: Call | CallFunction | CallExtern | CallIndirect, given: list[int]) -> None:
        known = self._reach.effects_of(op) if isinstance(op, Call) else None
        for index in given:
            # What the program's own functions do is not asked: some of them are rewritten already.
            writes = self._reach.of_call(op, index).writes if known is not None and not known.calls_back else None
            offset = frame_offset(op.args[index])
            if writes is None or (writes and offset is None) or any(size > FRAME_BYTES for _, size in writes):
                self._lost = True
                return
            for at, size in writes:
                for number in range(at, at + size):
                    self._put((offset or 0) + number, None)

    def _put(self, at: int, byte: int | None) -> None:
        self._frame[at] = byte if self._frame.get(at, byte) == byte else None


def _initial(module: Module, address: MapValueAddr, offset: int, size: int) -> bytes | None:
    spec = module.maps[address.map]
    start = address.offset + offset
    if not spec.read_only_program or spec.initial is None or start < 0 or start + size > len(spec.initial):
        return None
    return spec.initial[start : start + size]


def _value(module: Module, operand: Operand, size: int) -> bytes | None:
    if type(operand) is int:
        return (operand & (1 << 8 * size) - 1).to_bytes(size, "little")
    definition = renamed(operand).definition  # type: ignore[union-attr]
    if isinstance(definition, Load) and definition.size_bytes == size and type(definition.base) is Value:
        base = renamed(definition.base)
        source = base.definition if type(base) is Value else None
        if isinstance(source, MapValueAddr):
            return _initial(module, source, definition.offset, size)
    return None
