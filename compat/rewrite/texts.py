"""Constant bytes that a program points to: formats of printed lines.

v4 = map_value 1, 12                       bytes 12 … of the .rodata that is map 1
v5 = frame -16 (stores of constants there, or copies from .rodata)      the same, where each byte is written once
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, final

from bpfcc.bpfir.ops import FrameAddr, Load, MapValueAddr, Store, Value
from bpfcc.compat.rewrite.uses import root

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.ops import Operand


@final
class Texts:
    """Constant bytes of one function."""

    def __init__(self, module: Module, fn: Function) -> None:
        self.module, self.fn = module, fn

    def at(self, address: Value, size: int) -> bytes | None:
        """`size` bytes, None where they are not known."""
        found = root(address)
        definition = found.definition if type(found) is Value else None
        if isinstance(definition, MapValueAddr):
            return _initial(self.module, definition, 0, size)
        if isinstance(definition, FrameAddr):
            stored = [self._frame.get(definition.offset + number) for number in range(size)]
            return bytes(each for each in stored if each is not None) if None not in stored else None
        return None

    @cached_property
    def _frame(self) -> dict[int, int | None]:
        """Bytes of the frame that every store to them makes the same; None for others."""
        found: dict[int, int | None] = {}
        for op in self.fn.ops():
            base = root(op.base) if isinstance(op, Store) else None
            definition = base.definition if type(base) is Value else None
            if not isinstance(op, Store) or not isinstance(definition, FrameAddr):
                continue
            data = _value(self.module, op.value, op.size_bytes)
            for number in range(op.size_bytes):
                at, byte = definition.offset + op.offset + number, data[number] if data is not None else None
                found[at] = byte if found.get(at, byte) == byte else None
        return found


def _initial(module: Module, address: MapValueAddr, offset: int, size: int) -> bytes | None:
    spec = module.maps[address.map]
    start = address.offset + offset
    if not spec.read_only_program or spec.initial is None or start < 0 or start + size > len(spec.initial):
        return None
    return spec.initial[start : start + size]


def _value(module: Module, operand: Operand, size: int) -> bytes | None:
    if type(operand) is int:
        return (operand & (1 << 8 * size) - 1).to_bytes(size, "little")
    definition = root(operand).definition  # type: ignore[union-attr]
    if isinstance(definition, Load) and definition.size_bytes == size and type(definition.base) is Value:
        base = root(definition.base)
        source = base.definition if type(base) is Value else None
        if isinstance(source, MapValueAddr):
            return _initial(module, source, definition.offset, size)
    return None
