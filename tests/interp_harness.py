"""A native state with one run, without the runtime's Python: what the interpreter's tests put programs on.

with NativeMemory(user=b"abcd") as memory:
    with Interpreter().compile(module, environment).bind(memory) as bound:
        bound.run()
    memory.user
"""

from __future__ import annotations

import ctypes
from ctypes import c_int, c_uint32, c_uint64, c_void_p
from typing import TYPE_CHECKING, Self

from bpfcc.backends.base import ContextLayout, Environment, Result
from bpfcc.backends.interp import Interpreter
from bpfcc.bpfir.cfg import discover_functions
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.effects import no_effects
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.module import Bytecode
from bpfcc.bpfir.passes import optimise
from bpfcc.runtime.library import Run, declare, native

if TYPE_CHECKING:
    from types import TracebackType

    from bpfcc.bpfir.function import Module

_P = c_void_p
PROTOTYPES = {
    "bpfcc_state_create": (_P, ()),
    "bpfcc_state_free": (None, (_P,)),
    "bpfcc_run_create": (_P, (_P, c_uint32, c_int)),
    "bpfcc_run_free": (None, (_P,)),
    "bpfcc_run_set_context": (c_int, (_P, _P, c_uint32, _P, _P)),
    "bpfcc_run_set_packet": (c_int, (_P, _P, c_uint32)),
    "bpfcc_run_set_user": (c_int, (_P, c_uint32, _P, c_uint64, c_int)),
    "bpfcc_helper_table": (_P, (c_uint32,)),
    "bpfcc_state_add_map": (c_int, (_P, _P, c_uint32, ctypes.POINTER(c_uint32))),
    "bpfcc_state_map_base": (c_uint64, (_P, c_uint32)),
    "bpfcc_state_map_host": (_P, (_P, c_uint32)),
    "bpfcc_run_repeat": (c_uint64, (_P, _P, c_uint64, c_uint64, ctypes.POINTER(c_uint64))),
}


class NativeMemory:
    """`pointer` is the run; memory given here lives as long as this does."""

    def __init__(
        self,
        *,
        user: bytes | None = None,
        context: bytes | None = None,
        packet: bytes | None = None,
        layout: ContextLayout | None = None,
        checked: bool = True,
    ) -> None:
        self.library = native()
        declare(self.library, PROTOTYPES)
        self.state: int = self.library.bpfcc_state_create()
        self.pointer: int = self.library.bpfcc_run_create(self.state, 0, int(checked))
        self.run = Run.from_address(self.pointer)
        self.buffer = (ctypes.c_uint8 * max(len(user or b""), 1)).from_buffer_copy(user or b"\0")
        self.size = len(user or b"")
        if user is not None:
            assert self.library.bpfcc_run_set_user(self.pointer, 0, self.buffer, len(user), 1) == 0
        if layout is not None:
            native_layout = self.run.layout
            native_layout.data, native_layout.data_end, native_layout.data_meta = layout[:3]
            native_layout.pointer_bytes = layout.pointer_bytes
        if context is not None:
            assert self.library.bpfcc_run_set_context(self.pointer, context, len(context), None, None) == 0
        if packet is not None:
            assert self.library.bpfcc_run_set_packet(self.pointer, packet, len(packet)) == 0

    @property
    def user(self) -> bytes:
        """The caller's memory now."""
        return bytes(self.buffer)[: self.size]

    @property
    def packet(self) -> bytes:
        """The packet now."""
        run = self.run
        return ctypes.string_at(run.packet + run.packet_data, run.packet_end - run.packet_data)

    def close(self) -> None:
        """Free it all."""
        self.library.bpfcc_run_free(self.pointer)
        self.library.bpfcc_state_free(self.state)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def helper_address(helper: int) -> int:
    """The runtime's own helpers."""
    library = native()
    declare(library, {"bpfcc_helper_table": PROTOTYPES["bpfcc_helper_table"]})
    return library.bpfcc_helper_table(helper) or 0


def lifted(code: bytes, *, optimised: bool, type: str = "raw") -> Module:  # noqa: A002
    """The IR of plain bytecode."""
    module = lift(Bytecode(code, discover_functions(decode(code))), type=type)
    if optimised:
        optimise(module, no_effects)
    return module


def run_raw(code: bytes, memory: bytes, *, optimised: bool, steps: int = 1_000_000, packet: bytes | None = None) -> tuple[Result, bytes]:
    """Run `code` checked with r1 = memory, r2 = its length; result and memory afterwards."""
    exe = Interpreter().compile(lifted(code, optimised=optimised), Environment(helper_address=helper_address))
    try:
        with NativeMemory(user=memory, packet=packet) as native_memory, exe.bind(native_memory) as bound:
            result = bound.run(steps)
            return result, native_memory.user
    finally:
        exe.close()
