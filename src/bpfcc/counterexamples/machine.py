"""The memory of one run, as the checked interpreter has it: maps, helpers and guest addresses are the runtime's own.

with Machine(shape, given) as machine:
    machine.load(0x0300_0100, 2)           None where the interpreter would trap
    machine.helper(1, (map, key))          the C function; `machine.trapped()` says whether it trapped
"""

from __future__ import annotations

import ctypes
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self, final

from bpfcc.errors import InputError
from bpfcc.execution import RAW
from bpfcc.runtime.library import Region
from bpfcc.runtime.maps import KeyedMap, PerCpuMap, create_map
from bpfcc.runtime.memory import (
    CONTEXT_BASE,
    FRAME_BYTES,
    GENERATION_SHIFT,
    MAX_FRAMES,
    PACKET_BASE,
    SLOT_CONTEXT,
    SLOT_MAP_VALUES,
    SLOT_PACKET,
    SLOT_RING,
    SLOT_SHIFT,
    SLOT_STACK,
    SLOT_USER,
    STACK_BASE,
    TRAPS,
    USER_BASE,
    frame_top,
    state_library,
)
from bpfcc.runtime.run import Run, Runtime
from bpfcc.runtime.state import HelperFunction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bpfcc.bpfir.module import MapSpec
    from bpfcc.counterexamples.inputs import Given, Shape
    from bpfcc.runtime.maps import Map

Invoke: Final = ctypes.CFUNCTYPE(
    ctypes.c_uint64, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64
)
STEPS: Final = 100_000_000
GENERATION_MASK: Final = (1 << GENERATION_SHIFT) - 1


@final
class Area:
    """Where a map's values lie in guest memory."""

    __slots__ = ("base", "element", "entries", "handle", "size", "spec", "stride")

    def __init__(self, spec: MapSpec, base: int, handle: int, size: int, stride: int, element: int, entries: int) -> None:
        self.spec = spec
        self.base = base
        self.handle = handle
        self.size = size
        self.stride = stride
        self.element = element
        self.entries = entries


@final
class Machine:
    """Fresh maps and memory for one run."""

    def __init__(self, shape: Shape, given: Given) -> None:
        self.shape = shape
        self._library = state_library()
        self._functions: dict[int, Callable[..., int]] = {}
        with ExitStack() as stack:
            self.maps: dict[str, Map] = {name: stack.enter_context(self._map(spec, given)) for name, spec in shape.maps.items()}
            self.runtime = stack.enter_context(Runtime(shape.platform, self.maps.values(), given.options(STEPS)))
            self.run = stack.enter_context(Run(self.runtime, shape.type, shape.program.attach_type))
            self.runtime.set_programs(shape.tail_names)
            self._prepare(given)
            self.areas = {name: self._area(name, made) for name, made in self.maps.items()}
            self.by_handle = {area.handle: area for area in self.areas.values()}
            self._stack = stack.pop_all()

    def _map(self, spec: MapSpec, given: Given) -> Map:
        entries = given.maps.get(spec.name, {})
        if spec.initial is not None:
            spec = replace(spec, initial=next(iter(entries.values()), spec.initial))
            entries = {}
        lock, timer = self.shape.special[spec.name]
        # Without a codec: only bytes are read and written here.
        made = create_map(spec, lock_offset=lock, timer_offset=timer)
        if isinstance(made, KeyedMap):
            for key, value in entries.items():
                made.write_bytes(key, made.encode([value]) if isinstance(made, PerCpuMap) else value)
        elif entries:
            raise InputError(f"map {spec.name!r} cannot be filled")
        return made

    def _prepare(self, given: Given) -> None:
        run = self.run
        if self.shape.type == RAW:
            run.set_memory(0, given.data or b"")
            run.prepare()
        else:
            run.prepare(given.packet, given.context if given.context is not None else given.fields)
        self.native = run.native
        self.pointer = run.pointer
        if self._library.bpfcc_run_begin(self.pointer, STEPS):
            raise InputError("the maps do not fit into guest memory")
        self.stack = Region.from_address(self.native.slots[SLOT_STACK] or 0)
        # As `bpfcc_interp_thread` does: nothing may lie across two frames.
        self.stack.stride = self.stack.element = FRAME_BYTES
        self.origin = self.native.packet_data
        self.length = self.native.packet_end - self.native.packet_data

    def _area(self, name: str, made: Map) -> Area:
        found, binding = made.area(), self.runtime.binding(name)
        entries = made.max_entries if made.type in {"array", "percpu_array"} else 0
        return Area(made.spec, binding.guest_base, binding.handle, found.size, found.stride, found.element, entries)

    def close(self) -> None:
        """Free it all."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- memory

    def load(self, address: int, size: int) -> int | None:
        """The number at `address`, None where the run traps."""
        host = self._library.bpfcc_access_slow(self.pointer, address, size, 0)
        return int.from_bytes(ctypes.string_at(host, size), "little") if host else None

    def store(self, address: int, size: int, value: int) -> bool:
        """Write; False where the run traps."""
        host = self._library.bpfcc_access_slow(self.pointer, address, size, 1)
        if host:
            ctypes.memmove(host, (value & (1 << 8 * size) - 1).to_bytes(size, "little"), size)
        return bool(host)

    def peek(self, address: int, size: int) -> bytes | None:
        """Bytes, without a trap where they cannot be read."""
        host = self._library.bpfcc_access_slow(self.pointer, address, size, 0)
        if not host:
            self.native.trap = 0
            return None
        return ctypes.string_at(host, size)

    def enter(self, depth: int) -> None:
        """Make the frame of that depth live, zeroed."""
        self.show(depth)
        ctypes.memset(self.native.frames + (MAX_FRAMES - 1 - depth) * FRAME_BYTES, 0, FRAME_BYTES)

    def show(self, depth: int) -> None:
        """Come back to that depth."""
        self.native.depth = depth
        self.stack.lo = (MAX_FRAMES - 1 - depth) * FRAME_BYTES

    def canonical(self, address: int) -> int:
        """The same byte of the packet has one name, wherever the packet was moved to."""
        return PACKET_BASE | address & GENERATION_MASK if address >> SLOT_SHIFT == SLOT_PACKET else address

    def area_at(self, address: int) -> Area | None:
        """The map whose values lie there."""
        if not SLOT_MAP_VALUES <= address >> SLOT_SHIFT < 256:
            return None
        return next((area for area in self.areas.values() if area.base and area.base <= address < area.base + max(area.size, 1)), None)

    def bounds(self, address: int) -> tuple[int, int] | None:
        """First and last plus one of the live memory that an address belongs to, or nearly does."""
        native, slot = self.native, address >> SLOT_SHIFT
        if slot == SLOT_PACKET:
            base = address & ~GENERATION_MASK
            return base + native.packet_meta, base + native.packet_end
        if slot == SLOT_STACK:
            depth = min(max(MAX_FRAMES - 1 - (address - STACK_BASE) // FRAME_BYTES, 0), native.depth)
            return frame_top(depth) - FRAME_BYTES, frame_top(depth)
        if slot == SLOT_CONTEXT:
            return CONTEXT_BASE, CONTEXT_BASE + native.context_size
        if slot == SLOT_USER:
            return USER_BASE, USER_BASE + len(self.run.memory())
        area = self.area_at(address)
        if area is not None:
            stride = area.stride or area.size
            start = area.base + (address - area.base) // stride * stride
            return start, start + (area.element or area.size)
        return self._grant(address) if slot == SLOT_RING else None

    def _grant(self, address: int) -> tuple[int, int] | None:
        # Looking there makes it the region of the slot.
        if self.peek(address, 1) is None:
            return None
        found = self.native.slots[SLOT_RING]
        region = Region.from_address(found) if found else None
        return (region.base, region.base + region.hi) if region is not None else None

    # ---- helpers

    def helper(self, number: int, arguments: Sequence[int]) -> int:
        """Call the runtime's helper. UnsupportedError where there is none."""
        function = self._functions.get(number)
        if function is None:
            function = self._functions[number] = HelperFunction(self.runtime.helper_address(number, self.shape.type))
        words = [*arguments, 0, 0, 0, 0, 0][:5]
        return int(function(*words, self.pointer)) & (1 << 64) - 1

    def trapped(self) -> str | None:
        """The kind of the trap that a helper or an access gave."""
        return TRAPS.get(self.native.trap)

    def end(self) -> str | None:
        """End the run; what it still held."""
        self._library.bpfcc_run_end(self.pointer)
        return self.trapped()
