"""One run after another on the same memory: context, packet, stack.

    run = Run(runtime, "xdp")
    run.prepare(packet=frame, context={"ingress_ifindex": 2})
    value = bound.run().return_value                the back end's
    run.result(value).packet                        the packet afterwards

A runtime is shared by threads; a run belongs to one. Batches (`bpfcc.runtime.batch`) and repeats stay in native code: they take the
address of the back end's entry function.
"""

from __future__ import annotations

import ctypes
import weakref
from typing import TYPE_CHECKING, Any, Final, Self, final

from bpfcc.errors import InputError
from bpfcc.runtime.contexts import ContextCodec, ContextValues, DecodedContext, FieldValue, context_codec
from bpfcc.runtime.library import Run as NativeRun
from bpfcc.runtime.memory import TRAPS, USER_BASE, Call, Outcome, PacketFields, state_library
from bpfcc.runtime.packets import LINK_BYTES
from bpfcc.runtime.results import NO_FIELDS, BatchResult, Redirect, RunResult, redirect_of
from bpfcc.runtime.state import Runtime, raise_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from bpfcc.runtime.batch import Room

RAW: Final = "raw"


@final
class Run:
    """The memory of one run after another: context, packet, stack. Belongs to one thread; `cpu` to no other run meanwhile."""

    def __init__(
        self,
        runtime: Runtime,
        program_type: str,
        attach_type: str | None = None,
        *,
        cpu: int = 0,
        checked: bool = True,
        arch: str | None = None,
    ) -> None:
        if not 0 <= cpu < runtime.options.cpus:
            raise InputError(f"CPU {cpu} does not exist: there are {runtime.options.cpus}")
        self.runtime = runtime
        self.program_type = program_type
        self.type = runtime.platform.program_type(program_type)
        self.codec: ContextCodec | None = context_codec(runtime.platform, program_type, attach_type, arch)
        self._library = state_library()
        self.pointer: int = self._library.bpfcc_run_create(runtime.state, cpu, int(checked)) or 0
        if not self.pointer:
            raise MemoryError("no memory for a run")
        self._free = weakref.finalize(self, self._library.bpfcc_run_free, self.pointer)
        self.native = NativeRun.from_address(self.pointer)
        self.outcome = Outcome.from_address(self._library.bpfcc_run_outcome(self.pointer))
        self.budget = runtime.options.steps
        self._has_packet = False
        self.packet_fields = PacketFields(-1, -1, -1, 0)
        self.says_ifindex = False
        self._user: dict[int, ctypes.Array[ctypes.c_char]] = {}
        # What `once` needs is made by `ready`, and again when supplied memory moves.
        self.call: Call | None = None
        self.call_reference: Any = None
        self.context_after = ctypes.create_string_buffer(1)
        # Arguments without declared types are passed in half the time.
        self.native_once: Any = self._library["bpfcc_run_once"]
        self._room: Room | None = None
        self._set_up()

    def _set_up(self) -> None:
        codec, native, outcome = self.codec, self.native, self.outcome
        options = self.runtime.options
        outcome.program_type = self.type.number
        outcome.platform = int(self.runtime.platform.objects == "windows")
        outcome.link_bytes = LINK_BYTES if self.type.packet == "link" else 0
        outcome.ifindex = options.ifindex
        outcome.attach_cookie = options.attach_cookie
        outcome.function_ip = options.function_ip
        outcome.function_arguments = options.function_arguments or 0
        self._masks: list[ctypes.Array[ctypes.c_char] | None] = [None, None]
        if codec is None:
            return
        layout = native.layout
        for name, kind in (("data", "packet_start"), ("data_end", "packet_end"), ("data_meta", "packet_meta"), ("length", "packet_length")):
            setattr(layout, name, codec.offset_of_kind(kind))
        layout.pointer_bytes = codec.pointer_bytes
        masks = (codec.readable, codec.writable)
        self._masks = [ctypes.create_string_buffer(mask, len(mask)) if mask is not None else None for mask in masks]

    def prepare(
        self,
        packet: bytes | None = None,
        context: ContextValues | bytes | None = None,
        *,
        memory: bytes | None = None,
        steps: int | None = None,
    ) -> None:
        """Put a packet and a context into place. `memory` is what the context's memory pointers mean, or all there is for `raw`."""
        self._check_open()
        self.budget = self.runtime.options.steps if steps is None else steps
        if self.program_type == RAW:
            context = memory if memory is not None else (context if isinstance(context, bytes) else packet or b"")
            packet = None
        elif memory is not None:
            self.set_memory(0, memory)
        raw = self._context_bytes(context)
        readable, writable = self._masks
        raise_for(self._library.bpfcc_run_set_context(self.pointer, raw, len(raw), readable, writable), "context")
        self._has_packet = self.type.packet is not None
        if self._has_packet:
            raise_for(self._library.bpfcc_run_set_packet(self.pointer, packet or b"", len(packet or b"")), "packet")
            self._library.bpfcc_run_describe_packet(self.pointer, ctypes.byref(self.packet_fields))
        elif packet is not None:
            raise InputError(f"programs of type {self.program_type} get no packet; give their context")

    def _context_bytes(self, context: ContextValues | bytes | None) -> bytes:
        codec = self.codec
        self.packet_fields, self.says_ifindex = PacketFields(-1, -1, -1, 0), False
        if codec is None:
            return context if isinstance(context, bytes) else b""
        if isinstance(context, bytes):
            if len(context) > codec.spec.size:
                raise InputError(f"context {codec.spec.name} has {codec.spec.size} bytes, not {len(context)}")
            return context if codec.spec.variable else context.ljust(codec.spec.size, b"\0")
        if codec.spec.variable and not context:
            return b""
        values = dict(context or {})
        self._fill_from_packet(values)
        self._fill_memory_pointers(values)
        return codec.encode(values)

    def _fill_from_packet(self, values: dict[str, FieldValue]) -> None:
        """What the caller leaves out and every packet has: the device it came by, and what it says of itself."""
        codec = self.codec
        if codec is None or self.type.packet is None:
            return
        self.says_ifindex = "ingress_ifindex" not in values
        for name in ("ingress_ifindex", "ifindex"):
            if codec.offset_of(name) >= 0:
                values.setdefault(name, self.runtime.options.ifindex)
        if codec.offset_of("pkt_type") >= 0:
            offsets = [-1 if name in values else codec.offset_of(name) for name in ("protocol", "pkt_type", "wire_len")]
            self.packet_fields = PacketFields(*offsets, int(self.type.packet == "link"))

    def _fill_memory_pointers(self, values: dict[str, FieldValue]) -> None:
        codec = self.codec
        if codec is None or 0 not in self._user:
            return
        base = USER_BASE if self.native.checked else ctypes.addressof(self._user[0])
        for each in codec.spec.fields:
            if each.kind == "memory_start":
                values.setdefault(each.name, base)
            elif each.kind == "memory_end":
                values.setdefault(each.name, base + len(self._user[0]))

    def set_memory(self, index: int, data: bytes, *, writable: bool = True) -> int:
        """Supply memory 0 or 1 to the program; returns its address as the program sees it."""
        self._check_open()
        buffer = ctypes.create_string_buffer(data, max(len(data), 1))
        raise_for(self._library.bpfcc_run_set_user(self.pointer, index, buffer, len(data), int(writable)), "memory")
        self._user[index] = buffer
        self.call = None
        return USER_BASE + (index << 24) if self.native.checked else ctypes.addressof(buffer)

    def memory(self, index: int = 0) -> bytes:
        """Supplied memory as the program left it."""
        return self._user[index].raw if index in self._user else b""

    def stop_on(self, flag: ctypes.c_int32 | None) -> None:
        """End runs with trap `stopped` when another thread sets the flag."""
        self._stop_flag = flag
        self.native.stop = ctypes.pointer(flag) if flag is not None else None

    # ---- what came out

    def packet(self) -> bytes:
        """The packet as it lies there now."""
        native = self.native
        return ctypes.string_at(native.packet + native.packet_data, native.packet_end - native.packet_data) if self._has_packet else b""

    def metadata(self) -> bytes:
        """What lies between data_meta and data."""
        native = self.native
        size = native.packet_data - native.packet_meta
        return ctypes.string_at(native.packet + native.packet_meta, size) if self._has_packet and size else b""

    def context_bytes(self) -> bytes:
        """The context as it lies there now."""
        native = self.native
        return ctypes.string_at(native.context, native.context_size) if native.context_size else b""

    def context(self) -> Mapping[str, FieldValue]:
        """The context's fields as they are now."""
        return DecodedContext(self.codec, self.context_bytes()) if self.codec is not None else NO_FIELDS

    def result(self, return_value: int, *, ns: float | None = None, steps: int | None = None) -> RunResult:
        """Everything about the run that just ended; `steps` where its budget was not the one it was prepared with."""
        native, outcome = self.native, self.outcome
        raw = self.context_bytes()
        return RunResult(
            return_value=return_value,
            steps=self.budget - native.steps_left if steps is None else steps,
            packet=self.packet() if self._has_packet else None,
            metadata=self.metadata(),
            redirect=redirect_of(outcome.redirect),
            ns=ns,
            trap=TRAPS.get(native.trap),
            trap_address=native.trap_address,
            trap_size=native.trap_size,
            context=DecodedContext(self.codec, raw) if self.codec is not None else NO_FIELDS,
            context_bytes=raw,
            override=outcome.override_value if outcome.overridden else None,
        )

    # ---- native loops

    def once(self, entry: int, packet: bytes) -> Call:
        """Run once on a packet, in the context that callers get who say nothing of it; what native code says of the run.

        What `prepare` and `repeat` do, in one call: most of what these cost is Python's. Who cares for the last microsecond does as this
        does: `native_once` is true where something is unusual about the run (see `struct bpfcc_call`).
        """
        call = self.call or self.ready(entry)
        if call.entry != entry:
            call = self.ready(entry)
        if self.native_once(self.call_reference, bytes(packet), len(packet)):
            self.check(call)
        return call

    def check(self, call: Call) -> None:
        """InputError where nothing ran."""
        if call.error:
            raise_for(call.error, "packet")

    def ready(self, entry: int) -> Call:
        """Make `call`, for runs of the program at `entry`."""
        if self.type.packet is None:
            raise InputError(f"programs of type {self.program_type} get no packets")
        self._check_open()
        raw = self._context_bytes(None)
        readable, writable = (ctypes.addressof(mask) if mask is not None else None for mask in self._masks)
        # It holds the addresses of these.
        self._context_before = ctypes.create_string_buffer(raw, max(len(raw), 1))
        self.context_after = ctypes.create_string_buffer(max(len(raw), 1))
        self.call = Call(
            run=self.pointer,
            entry=entry,
            context=ctypes.addressof(self._context_before),
            context_after=ctypes.addressof(self.context_after),
            readable=readable,
            writable=writable,
            context_size=len(raw),
            budget=self.runtime.options.steps,
            fields=self.packet_fields,
        )
        self.call_reference = ctypes.byref(self.call)
        self._has_packet = True
        self.budget = self.call.budget
        return self.call

    def _check_open(self) -> None:
        if not self.pointer:
            raise InputError("the program is closed")

    def batch_room(self) -> Room:
        """Memory for batches, made for the first one."""
        if self._room is None:
            from bpfcc.runtime.batch import Room

            self._room = Room()
        return self._room

    def repeat(self, entry: int, repeat: int = 1) -> RunResult:
        """Run what is prepared `repeat` times, each time from the same context and packet; `ns` is the mean of a run."""
        total = ctypes.c_uint64()
        value = self._library.bpfcc_run_repeat(self.pointer, entry, repeat, self.budget, ctypes.byref(total))
        return self.result(int(value), ns=total.value / max(repeat, 1))

    def batch(
        self,
        entry: int,
        packets: Sequence[bytes],
        *,
        context: ContextValues | bytes | None = None,
        times_ns: Sequence[int] | None = None,
        ifindexes: Sequence[int] | None = None,
        keep_packets: bool = True,
        stop_on_trap: bool = False,
        time_each: bool = False,
        steps: int | None = None,
    ) -> BatchResult:
        """`bpfcc.runtime.batch.run_batch` on this run."""
        from bpfcc.runtime.batch import BatchOptions, run_batch

        options = BatchOptions(times_ns, ifindexes, keep_packets, stop_on_trap, time_each, steps)
        return run_batch(self, entry, packets, context, options)

    def fire_timers(self, steps: int | None = None) -> int:
        """Call back every timer that is due; how many. The run must be bound to the program that set them."""
        return int(self._library.bpfcc_timers_fire(self.pointer, self.runtime.options.steps if steps is None else steps))

    def close(self) -> None:
        """Free the run's memory."""
        self.pointer, self.call = 0, None
        self._free()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


__all__ = ["BatchResult", "Redirect", "Run", "RunResult", "Runtime"]
