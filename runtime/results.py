"""What runs gave: the value, the packet afterwards, where it was sent, what stopped it.

result.return_value, result.redirect            4, Redirect(kind="map", map_id=2, key=1, …)
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple, final, overload

from bpfcc.runtime.contexts import FieldValue
from bpfcc.runtime.memory import TRAPS, NativeRedirect

ITEM: Final = struct.Struct("=QIIQQQQIIQ56sQII")
WORD_BYTES: Final = 8
VALUE_WORD: Final = 3
NO_FIELDS: Final[Mapping[str, FieldValue]] = MappingProxyType({})
REDIRECT_KINDS: Final = ("none", "device", "map", "peer", "neighbour")


@final
@dataclass(frozen=True, slots=True)
class Redirect:
    """Where a packet was sent. `target`: the value found in the map; `next_hop`: what redirect_neigh was given."""

    kind: str
    ifindex: int = 0
    map_id: int = 0
    key: int = 0
    flags: int = 0
    target: int = 0
    next_hop: bytes = b""


def redirect_of(native: NativeRedirect) -> Redirect | None:
    if not native.kind:
        return None
    return Redirect(
        kind=REDIRECT_KINDS[native.kind],
        ifindex=native.ifindex,
        map_id=native.map_id,
        key=native.key,
        flags=native.flags,
        target=native.target,
        next_hop=bytes(native.next_hop) if native.family else b"",
    )


@final
@dataclass(slots=True)
class RunResult:
    """What one run did. `trap`: the kind of `Trap` that stopped it, with address and size; its instruction is the back end's to say."""

    return_value: int
    steps: int
    packet: bytes | None = None
    metadata: bytes = b""
    redirect: Redirect | None = None
    ns: float | None = None
    trap: str | None = None
    trap_address: int = 0
    trap_size: int = 0
    context: Mapping[str, FieldValue] = field(default_factory=lambda: NO_FIELDS)
    context_bytes: bytes = b""
    override: int | None = None


class _Part(NamedTuple):
    """What one native call gave: its items, the packets afterwards, and the index of the first."""

    first: int
    items: bytes
    packets: bytes
    time_each: bool


@final
class Results(Sequence[RunResult]):
    """Results of a batch, in the order of its packets. Each is made when it is asked for: most are only counted."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._firsts: list[int] = []
        self._count = 0
        # Packets that found no room among the others.
        self._packets: dict[int, bytes] = {}

    def add(self, items: bytes, packets: bytes, *, time_each: bool) -> None:
        """Take over native items."""
        self._parts.append(_Part(self._count, items, packets, time_each))
        self._firsts.append(self._count)
        self._count += len(items) // ITEM.size

    def keep_last_packet(self, packet: bytes) -> None:
        """The last packet afterwards, where it is not among the others."""
        self._packets[self._count - 1] = packet

    def return_values(self) -> array[int]:
        """r0 of every run, without anything else."""
        values = array("Q")
        for part in self._parts:
            values += array("Q", part.items)[VALUE_WORD :: ITEM.size // WORD_BYTES]
        return values

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> RunResult: ...
    @overload
    def __getitem__(self, index: slice) -> list[RunResult]: ...
    def __getitem__(self, index: int | slice) -> RunResult | list[RunResult]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(self._count))]
        at = index + self._count if index < 0 else index
        if not 0 <= at < self._count:
            raise IndexError(index)
        part = self._parts[bisect_right(self._firsts, at) - 1]
        return self._made(part, at, ITEM.unpack_from(part.items, (at - part.first) * ITEM.size))

    def __iter__(self) -> Iterator[RunResult]:
        for part in self._parts:
            for at, fields in enumerate(ITEM.iter_unpack(part.items), part.first):
                yield self._made(part, at, fields)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def _made(self, part: _Part, at: int, fields: tuple[Any, ...]) -> RunResult:
        _, _, _, _, value, steps, ns, trap, size, address, redirect, offset, length, copied = fields
        packet = part.packets[offset : offset + length] if copied else self._packets.get(at)
        return RunResult(
            return_value=value,
            steps=steps,
            packet=packet,
            redirect=redirect_of(NativeRedirect.from_buffer_copy(redirect)) if redirect[0] else None,
            ns=ns if part.time_each else None,
            trap=TRAPS.get(trap),
            trap_address=address,
            trap_size=size,
        )


@final
@dataclass(slots=True)
class BatchResult:
    """What a batch did; shorter than the batch where it was stopped."""

    results: Results = field(default_factory=Results)
    total_ns: int = 0
