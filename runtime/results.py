"""What runs gave: the value, the packet afterwards, where it was sent, what stopped it.

result.return_value, result.redirect            4, Redirect(kind="map", map_id=2, key=1, …)
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType
from typing import Final, final, overload

from bpfcc.runtime.contexts import FieldValue
from bpfcc.runtime.memory import TRAPS, NativeRedirect

# struct bpfcc_batch_note
NOTE: Final = struct.Struct("=QIIQ56s")
# BPFCC_SAME_PACKET
SAME: Final = (1 << 32) - 1
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


@final
@dataclass(frozen=True, slots=True)
class _Note:
    """What a run did besides its result."""

    trap: int
    trap_size: int
    trap_address: int
    redirect: Redirect | None


NOTHING: Final = _Note(0, 0, 0, None)


@final
@dataclass(slots=True)
class Part:
    """Some results of a batch, by packet; what was not asked for is None.

    `given` are the packets before, of which there may be more than were run. Where they are `kept` and some were `changed`, these lie one
    after the other, and `lengths` has SAME for the others. `notes` are `NOTE` for the runs that trapped or sent their packet elsewhere.
    """

    given: Sequence[bytes]
    values: array[int]
    steps: array[int] | None = None
    ns: array[int] | None = None
    kept: bool = True
    lengths: array[int] | None = None
    changed: list[bytes] = field(default_factory=list)
    notes: list[bytes] = field(default_factory=list)
    _noted: dict[int, _Note] | None = None
    _ends: list[int] | None = None

    def result(self, at: int) -> RunResult:
        """One of them."""
        note = self.noted().get(at, NOTHING) if self.notes else NOTHING
        return RunResult(
            return_value=self.values[at],
            steps=self.steps[at] if self.steps is not None else 0,
            packet=self.packet(at),
            redirect=note.redirect,
            ns=self.ns[at] if self.ns is not None else None,
            trap=TRAPS.get(note.trap),
            trap_address=note.trap_address,
            trap_size=note.trap_size,
        )

    def packet(self, at: int) -> bytes | None:
        """A packet afterwards."""
        if not self.kept:
            return None
        length = SAME if self.lengths is None else self.lengths[at]
        if length == SAME:
            return bytes(self.given[at])
        if self._ends is None:
            self._ends = list(accumulate(0 if each == SAME else each for each in self.lengths or ()))
            self.changed = [b"".join(self.changed)]
        return self.changed[0][self._ends[at] - length : self._ends[at]]

    def noted(self) -> dict[int, _Note]:
        """What runs did besides their results, by packet."""
        if self._noted is None:
            self._noted = {}
            for index, trap, size, address, redirect in NOTE.iter_unpack(b"".join(self.notes)):
                self._noted[index] = _Note(trap, size, address, redirect_of(NativeRedirect.from_buffer_copy(redirect)))
        return self._noted


@final
class Results(Sequence[RunResult]):
    """Results of a batch, in the order of its packets. Each is made when it is asked for: most are only counted."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._firsts: list[int] = []
        self._count = 0

    def add(self, part: Part) -> None:
        """Those of the packets that come next."""
        self._parts.append(part)
        self._firsts.append(self._count)
        self._count += len(part.values)

    def return_values(self) -> array[int]:
        """r0 of every run, without anything else."""
        values = array("Q")
        for part in self._parts:
            values += part.values
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
        place = bisect_right(self._firsts, at) - 1
        return self._parts[place].result(at - self._firsts[place])

    def __iter__(self) -> Iterator[RunResult]:
        for part in self._parts:
            yield from map(part.result, range(len(part.values)))

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


@final
@dataclass(slots=True)
class BatchResult:
    """What a batch did; shorter than the batch where it was stopped."""

    results: Results = field(default_factory=Results)
    total_ns: int = 0
