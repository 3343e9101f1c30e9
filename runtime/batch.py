"""Many packets in one native call.

    batch = run_batch(run, exe.entry, packets, times_ns=times)
    Counter(result.return_value for result in batch.results), batch.total_ns / len(packets)

The back end's program must be bound to the run. Nothing of Python runs between two packets.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from bpfcc.errors import InputError
from bpfcc.runtime.memory import MAX_PACKET_BYTES, Batch, BatchLists, state_library
from bpfcc.runtime.results import NOTE, BatchResult, Part
from bpfcc.runtime.state import raise_for

if TYPE_CHECKING:
    from bpfcc.runtime.contexts import ContextValues
    from bpfcc.runtime.run import Run

# Packets of one native call: bounds the memory, and how long a stop from Python takes.
BATCH_PACKETS: Final = 4096
# Room for packets that programs change; when it is full it is emptied.
OUT_BYTES: Final = 1 << 20


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


@final
class Room:
    """Memory that native calls write; a run keeps it from one batch to the next."""

    def __init__(self) -> None:
        self.packets = ctypes.create_string_buffer(OUT_BYTES)
        self.lengths = zeros("I", BATCH_PACKETS)
        self.notes = ctypes.create_string_buffer(NOTE.size * BATCH_PACKETS)


def run_batch(
    run: Run, entry: int, packets: Sequence[bytes], context: ContextValues | bytes | None = None, options: BatchOptions | None = None
) -> BatchResult:
    """Run every packet, one after another. Shorter than `packets` where a stop flag or a trap ended it."""
    options = options or BatchOptions()
    if run.type.packet is None:
        raise InputError(f"programs of type {run.program_type} get no packets")
    lengths = lengths_of(packets)
    for what, given in (("times", options.times_ns), ("interfaces", options.ifindexes)):
        if given is not None and len(given) != len(packets):
            raise InputError(f"{len(given)} {what} for {len(packets)} packets")
    run.prepare(b"", context, steps=options.steps)
    loop = _Loop(run, entry, options)
    for first in range(0, len(packets), BATCH_PACKETS):
        part = slice(first, first + BATCH_PACKETS)
        if not loop.run_part(packets[part], lengths[part], part):
            break
    return loop.out


def lengths_of(packets: Sequence[bytes]) -> array[int]:
    """Of each packet. InputError where one is longer than a run can take."""
    try:
        lengths = array("I", map(len, packets))
    except OverflowError:
        raise too_long(max(map(len, packets))) from None
    longest, _ = totals(lengths)
    if longest > MAX_PACKET_BYTES:
        raise too_long(longest)
    return lengths


def too_long(length: int) -> InputError:
    """For a packet of that many bytes."""
    return InputError(f"a packet has {length} bytes; at most {MAX_PACKET_BYTES} can be run")


def totals(lengths: array[int]) -> tuple[int, int]:
    """The longest, and all together."""
    total = ctypes.c_uint64()
    longest = state_library().bpfcc_longest(address_of(lengths), len(lengths), ctypes.byref(total))
    return int(longest), total.value


def address_of(values: array[int] | None) -> int | None:
    """Where the elements lie."""
    return None if values is None else values.buffer_info()[0]


def zeros(typecode: str, count: int) -> array[int]:
    """Room for that many elements."""
    return array(typecode, [0]) * count


@final
class _Loop:
    """Native calls one after the other."""

    def __init__(self, run: Run, entry: int, options: BatchOptions) -> None:
        self.run = run
        self.entry = entry
        self.options = options
        self.out = BatchResult()
        self.room = room = run.batch_room()
        self.context = run.context_bytes()
        self.joined = b""
        codec, keep = run.codec, options.keep_packets
        self._context = ctypes.create_string_buffer(self.context, max(len(self.context), 1))
        self.lists = BatchLists(notes=ctypes.addressof(room.notes), ifindex=run.runtime.options.ifindex)
        self.batch = Batch(
            lists=ctypes.pointer(self.lists),
            context=ctypes.addressof(self._context),
            context_size=len(self.context),
            ifindex_offset=codec.offset_of("ingress_ifindex") if codec and (options.ifindexes or run.says_ifindex) else -1,
            steps=run.budget,
            out=ctypes.addressof(room.packets) if keep else None,
            out_capacity=OUT_BYTES if keep else 0,
            time_each=int(options.time_each),
            stop_on_trap=int(options.stop_on_trap),
            fields=run.packet_fields,
        )

    def run_part(self, packets: Sequence[bytes], lengths: array[int], part: slice) -> bool:
        """Run some packets; whether all of them ran."""
        options, lists, count = self.options, self.lists, len(lengths)
        # The lists have addresses in these, which live as long as this function does.
        times = array("Q", options.times_ns[part]) if options.times_ns is not None else None
        ifindexes = array("I", options.ifindexes[part]) if options.ifindexes is not None else None
        found = Part(
            packets,
            zeros("Q", count),
            zeros("Q", count) if self.run.native.checked else None,
            zeros("Q", count) if options.time_each else None,
            kept=options.keep_packets,
        )
        # Only now: what is kept does not go where the packets of the next call have room.
        self.joined = b""
        self.joined = joined = b"".join(packets)
        if totals(lengths)[1] != len(joined):
            raise InputError("packets are bytes; one has another number of elements than of bytes")
        lists.packets = ctypes.cast(ctypes.c_char_p(joined), ctypes.c_void_p).value
        lists.lengths, lists.times_ns, lists.ifindexes = address_of(lengths), address_of(times), address_of(ifindexes)
        lists.results, lists.steps, lists.ns = address_of(found.values), address_of(found.steps), address_of(found.ns)
        lists.out_lengths = address_of(self.room.lengths) if options.keep_packets else None
        done = self._calls(count, found)
        if found.changed:
            found.lengths = self.room.lengths[:done]
        for column in (found.values, found.steps, found.ns):
            if column is not None:
                del column[done:]
        self.out.results.add(found)
        return done == count

    def _calls(self, count: int, found: Part) -> int:
        """As many as it takes for `count` packets; how many ran."""
        batch, lists, room = self.batch, self.lists, self.room
        done = 0
        while done < count:
            batch.count, lists.first = count - done, done
            raise_for(state_library().bpfcc_run_batch(self.run.pointer, self.entry, ctypes.byref(batch)), "batch")
            self.out.total_ns += batch.total_ns
            done += batch.done
            if lists.changed:
                found.changed.append(ctypes.string_at(room.packets, batch.out_used))
            if lists.note_count:
                found.notes.append(ctypes.string_at(room.notes, NOTE.size * lists.note_count))
            if not batch.out_full:
                break
            found.changed.append(self.run.packet())
            if self.options.stop_on_trap and self.run.native.trap:
                break
        return done
