"""Constant bytes that a program points to: formats of printed lines.

v4 = map_value 1, 12                       bytes 12 … of the .rodata that is map 1
v5 = frame -16 (stores of constants there, or copies from .rodata)      the same, where each byte is written once
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.bpfir.ops import FrameAddr, Load, MapValueAddr, Store, Value
from bpfcc.compat.rewrite.uses import root

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.ops import Operand


def bytes_at(module: Module, fn: Function, address: Value, size: int) -> bytes | None:
    """`size` bytes, None where they are not known."""
    found = root(address)
    definition = found.definition if type(found) is Value else None
    if isinstance(definition, MapValueAddr):
        return _initial(module, definition, 0, size)
    if isinstance(definition, FrameAddr):
        return _stored(module, fn, definition.offset, size)
    return None


def _initial(module: Module, address: MapValueAddr, offset: int, size: int) -> bytes | None:
    spec = module.maps[address.map]
    start = address.offset + offset
    if not spec.read_only_program or spec.initial is None or start < 0 or start + size > len(spec.initial):
        return None
    return spec.initial[start : start + size]


def _stored(module: Module, fn: Function, at: int, size: int) -> bytes | None:
    """Bytes of the frame, each written by one store in the whole function (or by equal ones)."""
    found: list[int | None] = [None] * size
    for op in fn.ops():
        if not isinstance(op, Store):
            continue
        base = root(op.base)
        definition = base.definition if type(base) is Value else None
        if not isinstance(definition, FrameAddr):
            continue
        first = definition.offset + op.offset - at
        if first + op.size_bytes <= 0 or first >= size:
            continue
        data = _value(module, op.value, op.size_bytes)
        if data is None:
            return None
        for number, byte in enumerate(data):
            place = first + number
            if 0 <= place < size:
                if found[place] not in (None, byte):
                    return None
                found[place] = byte
    return bytes(each for each in found if each is not None) if None not in found else None


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
