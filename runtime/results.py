"""What runs gave: the value, the packet afterwards, where it was sent, what stopped it.

result.return_value, result.redirect            4, Redirect(kind="map", map_id=2, key=1, …)
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, final

from bpfcc.runtime.contexts import FieldValue
from bpfcc.runtime.memory import TRAPS, NativeRedirect

ITEM: Final = struct.Struct("=QIIQQQQIIQ56sQII")
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
@dataclass(slots=True)
class BatchResult:
    """What a batch did, in the order of its packets; shorter than the batch where it was stopped."""

    results: list[RunResult]
    total_ns: int

    def add(self, items: bytes, packets: bytes, *, time_each: bool) -> None:
        """Read native items."""
        append = self.results.append
        for _, _, _, _, value, steps, ns, trap, size, address, redirect, offset, length, copied in ITEM.iter_unpack(items):
            append(
                RunResult(
                    return_value=value,
                    steps=steps,
                    packet=packets[offset : offset + length] if copied else None,
                    redirect=redirect_of(NativeRedirect.from_buffer_copy(redirect)) if redirect[0] else None,
                    ns=ns if time_each else None,
                    trap=TRAPS.get(trap),
                    trap_address=address,
                    trap_size=size,
                )
            )
