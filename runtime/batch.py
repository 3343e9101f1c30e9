"""Many packets in one native call.

    batch = run_batch(run, exe.entry, packets, times_ns=times)
    Counter(result.return_value for result in batch.results), batch.total_ns / len(packets)

The back end's program must be bound to the run. Nothing of Python runs between two packets.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, final

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
    too_long = max(map(len, packets), default=0)
    if too_long > MAX_PACKET_BYTES:
        raise InputError(f"a packet has {too_long} bytes; at most {MAX_PACKET_BYTES} can be run")
    for what, given in (("times", options.times_ns), ("interfaces", options.ifindexes)):
        if given is not None and len(given) != len(packets):
            raise InputError(f"{len(given)} {what} for {len(packets)} packets")
    run.prepare(b"", context, steps=options.steps)
    prepared = run.context_bytes()
    out = BatchResult([], 0)
    done = 0
    while done < len(packets):
        part = slice(done, min(done + BATCH_PACKETS, len(packets)))
        full = _run_part(run, entry, packets, part, prepared, options, out)
        done = len(out.results)
        if done < part.stop and not full:
            break
    return out


def _items(run: Run, packets: Sequence[bytes], part: slice, options: BatchOptions, at: int) -> ctypes.Array[ctypes.c_char]:
    """The items of the packets in `part`, whose bytes lie one after the other at `at`."""
    items = ctypes.create_string_buffer(ITEM.size * (part.stop - part.start))
    head, ifindex = ITEM_HEAD, run.runtime.options.ifindex
    times, ifindexes = options.times_ns, options.ifindexes
    for place, index in enumerate(range(part.start, part.stop)):
        length = len(packets[index])
        head.pack_into(items, place * ITEM.size, at, length, ifindexes[index] if ifindexes else ifindex, times[index] if times else 0)
        at += length
    return items


def _run_part(
    run: Run, entry: int, packets: Sequence[bytes], part: slice, prepared: bytes, options: BatchOptions, out: BatchResult
) -> bool:
    """Run some of the packets; whether it ended because there was no more room for packets."""
    bytes_in = ctypes.create_string_buffer(b"".join(packets[part]) + b"\0")
    count = part.stop - part.start
    items = _items(run, packets, part, options, ctypes.addressof(bytes_in))
    room = len(bytes_in) + GROWTH_BYTES * count if options.keep_packets else 0
    bytes_out = ctypes.create_string_buffer(max(room, 1))
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
        out_capacity=room,
        time_each=int(options.time_each),
        stop_on_trap=int(options.stop_on_trap),
        fields=run.packet_fields,
    )
    raise_for(state_library().bpfcc_run_batch(run.pointer, entry, ctypes.byref(batch)), "batch")
    out.total_ns += batch.total_ns
    out.add(items.raw[: ITEM.size * batch.done], bytes_out.raw[: batch.out_used], time_each=options.time_each)
    if batch.out_full:
        out.results[-1] = replace(out.results[-1], packet=run.packet())
        return not (options.stop_on_trap and out.results[-1].trap)
    return False
