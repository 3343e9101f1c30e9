"""What the bytes of memory depend on.

    shadow.load(0x0300_010c, 2)        cat(packet[12], packet[13])
    shadow.store(frame, 8, v3)         a later load of the frame gives v3 again

Packet, context, supplied memory and map values depend on the input byte by byte until something is written over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.counterexamples.expressions import Expression, alu, byte_of, cat, leaf
from bpfcc.counterexamples.inputs import GLOBAL_KEY, LENGTH, MAX_LENGTH
from bpfcc.runtime.memory import CONTEXT_BASE, PACKET_BASE, SLOT_CONTEXT, SLOT_PACKET, SLOT_SHIFT, SLOT_STACK, SLOT_USER, USER_BASE

if TYPE_CHECKING:
    from bpfcc.counterexamples.expressions import Operand
    from bpfcc.counterexamples.machine import Area, Machine

Byte = tuple[Expression, int]
LINK_TYPE_AT: Final = 12
# Fields that hold addresses of the kernel's memory, of which there is none here.
KERNEL_KINDS: Final = frozenset({"sock", "sock_or_null", "flow_keys", "btf_pointer"})
LENGTH_BITS: Final = MAX_LENGTH.bit_length()


@final
class Shadow:
    """Expressions by guest address. What is not in `written` is as the input has it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.written: dict[int, Byte | None] = {}
        # Values of maps by their first byte: which entry they are.
        self.entries: dict[int, tuple[str, bytes]] = {}
        # The program changed what the packet's bytes were.
        self.shuffled = False
        self.length: Expression | None = leaf(LENGTH, machine.length, LENGTH_BITS) if machine.shape.takes_packets else None
        codec = machine.shape.codec
        self.kinds = {each.offset: each for each in codec.spec.fields} if codec is not None else {}

    # ---- reading

    def load(self, address: int, size: int, value: int) -> Expression | None:
        """What the `size` bytes at `address` depend on, `value` being what they are."""
        slot = address >> SLOT_SHIFT
        if slot == SLOT_CONTEXT and address not in self.written:
            special = self._field(address - CONTEXT_BASE, value)
            if special is not None:
                return special
        elif slot == SLOT_PACKET:
            address = self.machine.canonical(address)
        elif slot == SLOT_STACK and not any(at in self.written for at in range(address, address + size)):
            return None
        parts: list[Operand] = []
        depends = False
        for i in range(size):
            now = value >> (8 * i) & 0xFF
            part = self._byte(address + i, slot, now)
            depends = depends or part is not None
            parts.append(now if part is None else part)
        return cat(parts, value) if depends else None

    def _byte(self, address: int, slot: int, now: int) -> Expression | None:
        if address in self.written:
            found = self.written[address]
            if found is None:
                return None
            return byte_of(found[0], found[1], now) if found[1] >= 0 else found[0]
        return self._origin(address, slot, now)

    def _origin(self, address: int, slot: int, now: int) -> Expression | None:
        machine = self.machine
        if slot == SLOT_PACKET:
            index = address - PACKET_BASE - machine.origin
            return leaf(("packet", index), now) if 0 <= index < machine.length and not self.shuffled else None
        if slot == SLOT_CONTEXT:
            offset = address - CONTEXT_BASE
            return leaf(("context", offset), now) if machine.shape.may_choose(offset) else None
        if slot == SLOT_USER:
            return leaf(("data", address - USER_BASE), now)
        area = machine.area_at(address)
        if area is None:
            return None
        if area.spec.initial is not None:
            return leaf(("value", area.spec.name, GLOBAL_KEY, address - area.base), now) if machine.shape.settable(area.spec) else None
        start = start_of(area, address)
        entry = self.entries.get(start)
        return leaf(("value", entry[0], entry[1], address - start), now) if entry is not None else None

    def _field(self, offset: int, value: int) -> Expression | None:
        """Fields that say where the packet ends, or repeat what it says."""
        found = self.kinds.get(offset)
        if found is not None and found.kind in KERNEL_KINDS:
            return leaf(("kernel", offset), value, 64)
        if found is None or self.length is None:
            return None
        if found.kind in {"packet_end", "packet_length"} or found.name == "wire_len":
            return alu("add", 64, self.length, value - self.machine.length & (1 << 64) - 1, value)
        machine = self.machine
        if found.name == "protocol" and machine.shape.spec.packet == "link" and machine.length > LINK_TYPE_AT + 1 and not self.shuffled:
            low, high = (leaf(("packet", LINK_TYPE_AT + i), value >> (8 * i) & 0xFF) for i in (0, 1))
            # Below 1536 the number is a length; such a value is left alone by the check afterwards.
            return cat((low, high), value)
        return None

    # ---- writing

    def store(self, address: int, size: int, expression: Expression | None) -> None:
        """The bytes depend on `expression` from now on, or on nothing."""
        address = self.machine.canonical(address)
        if expression is None:
            self.forget(address, size)
            return
        for i in range(size):
            self.written[address + i] = (expression, i)

    def forget(self, address: int, size: int) -> None:
        """The bytes were overwritten with numbers."""
        address = self.machine.canonical(address)
        if address >> SLOT_SHIFT == SLOT_STACK:
            for at in range(address, address + size):
                self.written.pop(at, None)
        else:
            self.written.update(dict.fromkeys(range(address, address + size)))

    def bytes_at(self, address: int, content: bytes) -> list[Operand]:
        """What each of these bytes depends on, or its value."""
        slot, address = address >> SLOT_SHIFT, self.machine.canonical(address)
        found: list[Operand] = []
        for i, now in enumerate(content):
            part = self._byte(address + i, slot, now)
            found.append(now if part is None else part)
        return found

    def put(self, address: int, parts: list[Operand]) -> None:
        """The inverse of `bytes_at`: each byte depends on what it was copied from."""
        address = self.machine.canonical(address)
        self.forget(address, len(parts))
        for i, part in enumerate(parts):
            if isinstance(part, Expression):
                self.written[address + i] = (part, -1)


def start_of(area: Area, address: int) -> int:
    """The first byte of the value that `address` lies in."""
    stride = area.stride or area.size
    return area.base + (address - area.base) // stride * stride
