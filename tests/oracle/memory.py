"""Guest memory as a set of byte regions; an access lies inside one of them or it traps.

memory = Memory([Region("packet", PACKET_BASE, b"\\x01\\x02\\x03\\x04")])
memory.load(PACKET_BASE, 2) == 0x0201
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from bpfcc.errors import Trap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# The guest address space of checked runs: 256 slots of 16 MiB.
STACK_BASE = 0x0100_0000
CONTEXT_BASE = 0x0200_0000
PACKET_BASE = 0x0300_0000
MAP_HANDLE_BASE = 0x0400_0000
USER_BASE = 0x0600_0000
FUNCTION_BASE = 0x0800_0000
MAP_VALUE_BASE = 0x1000_0000


@final
@dataclass(slots=True)
class Region:
    """Live bytes at guest address `base`. `data` is the run's own copy and holds the contents after it."""

    name: str
    base: int
    data: bytearray | bytes
    writable: bool = True

    def __post_init__(self) -> None:
        self.data = bytearray(self.data)

    @property
    def bytes(self) -> bytearray:
        """`data`, which is always a bytearray."""
        assert isinstance(self.data, bytearray)
        return self.data


@final
@dataclass(slots=True)
class Memory:
    """Regions that do not overlap. Little-endian."""

    regions: list[Region] = field(default_factory=list)

    def __init__(self, regions: Iterable[Region] = ()) -> None:
        self.regions = list(regions)

    def __getitem__(self, name: str) -> Region:
        return next(region for region in self.regions if region.name == name)

    def __iter__(self) -> Iterator[Region]:
        return iter(self.regions)

    def find(self, address: int, size: int, *, write: bool) -> tuple[Region, int]:
        """The region that holds all of [address, address + size), and the offset in it; raises Trap."""
        for region in self.regions:
            offset = address - region.base
            if offset >= 0 and offset + size <= len(region.data):
                if write and not region.writable:
                    raise Trap(f"write of {size} bytes to read-only {address:#x}", kind="access", address=address, size=size)
                return region, offset
        verb = "write" if write else "read"
        raise Trap(f"{verb} of {size} bytes at {address:#x} outside every region", kind="access", address=address, size=size)

    def load(self, address: int, size: int) -> int:
        """Unsigned integer of `size` bytes."""
        return int.from_bytes(self.read(address, size), "little")

    def store(self, address: int, size: int, value: int) -> None:
        """Store the low `size` bytes of `value`."""
        self.write(address, (value & ((1 << 8 * size) - 1)).to_bytes(size, "little"))

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes, for helpers."""
        region, offset = self.find(address, size, write=False)
        return bytes(region.bytes[offset : offset + size])

    def write(self, address: int, data: bytes) -> None:
        """Write `data`, for helpers."""
        region, offset = self.find(address, len(data), write=True)
        region.bytes[offset : offset + len(data)] = data
