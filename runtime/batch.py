"""Many packets in one native call.

    batch = run_batch(run, exe.entry, packets, times_ns=times)
    Counter(result.return_value for result in batch.results), batch.total_ns / len(packets)

The back end's program must be bound to the run. Nothing of Python runs between two packets.
"""

from __future__ import annotations

import ctypes
import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.errors import InputError
from bpfcc.runtime.memory import MAX_PACKET_BYTES, Batch, state_library
from bpfcc.runtime.results import ITEM, BatchResult
from bpfcc.runtime.state import raise_for

if TYPE_CHECKING:
    from bpfcc.runtime.contexts import ContextValues
    from bpfcc.runtime.run import Run

# Packets of one native call: bounds the memory, and how long a stop from Python takes.
BATCH_PACKETS: Final = 4096
# Room for what programs may add to a packet, on the average.
GROWTH_BYTES: Final = 512
ITEM_HEAD: Final = struct.Struct("=QIIQ")


@final
@dataclass(frozen=True, slots=True)
class BatchOptions:
    """`times_ns` drives the clock, where it is a driven one; `ifindexes`: the interface each packet came in on."""

    times_ns: Sequence[int] | None = None
    ifindexes: Sequence[int] | None = None
    keep_packets: bool = True
    stop_on_trap: bool = False
    time_each: bool = False
    steps: int | None = None


def run_batch(
    run: Run, entry: int, packets: Sequence[bytes], context: ContextValues | bytes | None = None, options: BatchOptions | None = None
) -> BatchResult:
    """Run every packet, one after another. Shorter than `packets` where a stop flag or a trap ended it."""
    options = options or BatchOptions()
    if run.type.packet is None:
        raise InputError(f"programs of type {run.program_type} get no packets")
    lengths = array("I", map(len, packets))
    too_long = max(lengths, default=0)
    if too_long > MAX_PACKET_BYTES:
        raise InputError(f"a packet has {too_long} bytes; at most {MAX_PACKET_BYTES} can be run")
    for what, given in (("times", options.times_ns), ("interfaces", options.ifindexes)):
        if given is not None and len(given) != len(packets):
            raise InputError(f"{len(given)} {what} for {len(packets)} packets")
    run.prepare(b"", context, steps=options.steps)
    prepared = run.context_bytes()
    out = BatchResult()
    room = _Room()
    done = 0
    while done < len(packets):
        part = slice(done, min(done + BATCH_PACKETS, len(packets)))
        full = _run_part(run, entry, _Packets(packets[part], lengths[part], part), prepared, options, room, out)
        done = len(out.results)
        if done < part.stop and not full:
            break
    return out


class _Packets(NamedTuple):
    """Those of one native call, and which of all they are."""

    packets: Sequence[bytes]
    lengths: array[int]
    part: slice


@final
class _Room:
    """Memory that native calls write, one after the other: it is made once."""

    def __init__(self) -> None:
        self._made: dict[str, ctypes.Array[ctypes.c_char]] = {}

    def of(self, name: str, size: int) -> ctypes.Array[ctypes.c_char]:
        """At least that many bytes, with anything in them."""
        found = self._made.get(name)
        if found is None or len(found) < size:
            found = self._made[name] = ctypes.create_string_buffer(max(size, 1))
        return found


def _describe(items: ctypes.Array[ctypes.c_char], run: Run, given: _Packets, options: BatchOptions, at: int) -> None:
    """The items of packets that have times or interfaces of their own, and lie one after the other at `at`."""
    head, ifindex = ITEM_HEAD, run.runtime.options.ifindex
    times, ifindexes = options.times_ns, options.ifindexes
    for place, (index, length) in enumerate(zip(range(given.part.start, given.part.stop), given.lengths, strict=True)):
        head.pack_into(items, place * ITEM.size, at, length, ifindexes[index] if ifindexes else ifindex, times[index] if times else 0)
        at += length


def _run_part(
    run: Run, entry: int, given: _Packets, prepared: bytes, options: BatchOptions, room: _Room, out: BatchResult
) -> bool:  # fmt: skip
    """Run some of the packets; whether it ended because there was no more room for packets."""
    # Items keep addresses in this, which lives as long as this function does.
    bytes_in = b"".join(given.packets)
    at = ctypes.cast(ctypes.c_char_p(bytes_in), ctypes.c_void_p).value or 0
    count = len(given.packets)
    items = room.of("items", ITEM.size * count)
    plain = options.times_ns is None and options.ifindexes is None
    if not plain:
        _describe(items, run, given, options, at)
    size = len(bytes_in) + GROWTH_BYTES * count if options.keep_packets else 0
    bytes_out = room.of("packets", size)
    context = ctypes.create_string_buffer(prepared, max(len(prepared), 1))
    codec = run.codec
    batch = Batch(
        items=ctypes.addressof(items),
        count=count,
        context=ctypes.addressof(context),
        context_size=len(prepared),
        ifindex_offset=codec.offset_of("ingress_ifindex") if codec and (options.ifindexes or run.says_ifindex) else -1,
        steps=run.budget,
        out=ctypes.addressof(bytes_out) if options.keep_packets else None,
        out_capacity=size,
        time_each=int(options.time_each),
        stop_on_trap=int(options.stop_on_trap),
        fields=run.packet_fields,
        packets=at,
        lengths=given.lengths.buffer_info()[0] if plain else None,
        ifindex=run.runtime.options.ifindex,
    )
    raise_for(state_library().bpfcc_run_batch(run.pointer, entry, ctypes.byref(batch)), "batch")
    out.total_ns += batch.total_ns
    taken = ctypes.string_at(items, ITEM.size * batch.done), ctypes.string_at(bytes_out, batch.out_used)
    out.results.add(*taken, time_each=options.time_each)
    if batch.out_full:
        out.results.keep_last_packet(run.packet())
        return not (options.stop_on_trap and out.results[-1].trap)
    return False
