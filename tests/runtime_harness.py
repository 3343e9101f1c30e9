"""Helpers called as a back end calls them, and programs run here and in the kernel.

lab = Lab("xdp", packet=bytes(64))
lab.call("csum_diff", 0, 0, lab.put(data), len(data), 0)        through the C function, on guest memory
outcome = run_here("r0 = 2\\nexit", packet=bytes(64))           assembled, lifted, interpreted in checked mode
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from bpfcc.backends.base import Environment, MapBinding, layout_of
from bpfcc.backends.interp import Interpreter
from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.cfg import discover_functions
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.module import Bytecode, MapSpec
from bpfcc.runtime.contexts import ContextValues
from bpfcc.runtime.maps import Map, create_map
from bpfcc.runtime.memory import STACK_BASE, TRAPS, frame_top, state_library
from bpfcc.runtime.options import RunOptions
from bpfcc.runtime.run import Run, RunResult, Runtime
from bpfcc.runtime.specs import Platform, load_platform
from bpfcc.runtime.state import HelperFunction
from tests.kernel import SCHED_CLS, SOCKET_FILTER, XDP, Refused, prog_load, prog_test_run

MASK64 = (1 << 64) - 1
KERNEL_TYPES = {"xdp": XDP, "sched_cls": SCHED_CLS, "socket_filter": SOCKET_FILTER, "raw_tracepoint": 17}
RunStep = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)


def signed(value: int) -> int:
    """A helper's result as C's long."""
    return value - (1 << 64) if value >> 63 else value


class Lab:
    """One run, begun, whose memory a test fills and whose helpers it calls."""

    def __init__(
        self, program_type: str = "xdp", *, packet: bytes | None = None, maps: Iterable[MapSpec] = (), options: RunOptions | None = None,
        context: ContextValues | bytes | None = None, checked: bool = True, platform: str = "linux", cpu: int = 0,
        attach_type: str | None = None,
    ) -> None:  # fmt: skip
        self.platform: Platform = load_platform(platform)
        cpus = (options or RunOptions()).cpus
        self.maps: dict[str, Map] = {spec.name: create_map(spec, cpus=cpus) for spec in maps}
        self.runtime = Runtime(self.platform, self.maps.values(), options)
        self.run = Run(self.runtime, program_type, attach_type, checked=checked, cpu=cpu)
        self.program_type = program_type
        if packet is not None or self.run.type.packet is not None:
            self.run.prepare(packet or b"", context)
        else:
            self.run.prepare(None, context)
        self.begin()

    def begin(self) -> None:
        """A run anew: traps and notes gone, the frame empty."""
        assert state_library().bpfcc_run_begin(self.run.pointer, 1_000_000) == 0
        self._next = 0

    def end(self) -> None:
        """As the back end's loop ends a run."""
        state_library().bpfcc_run_end(self.run.pointer)

    def put(self, data: bytes, *, align: int = 8) -> int:
        """Copy bytes into the entry function's frame; their address as the program sees it."""
        self._next = (self._next + len(data) + align - 1) // align * align
        assert self._next <= 512, "the frame is full"
        address = frame_top(0) - self._next
        ctypes.memmove(self.run.native.frames + (address - STACK_BASE), data, len(data))
        return address if self.run.native.checked else self.run.native.frames + (address - STACK_BASE)

    def room(self, size: int) -> int:
        """Space in the frame, filled with 0xaa."""
        return self.put(b"\xaa" * size)

    def get(self, address: int, size: int) -> bytes:
        """Bytes at an address of the program; no test of its own may trap."""
        at = state_library().bpfcc_access_slow(self.run.pointer, address, size, 0) if self.run.native.checked else address
        assert at, f"{address:#x} cannot be read"
        return ctypes.string_at(at, size)

    def access(self, address: int, size: int, *, write: bool = False) -> str | None:
        """Try an access: None, or the trap that it gave; the trap is cleared."""
        state_library().bpfcc_access_slow(self.run.pointer, address, size, int(write))
        return self.take_trap()

    def take_trap(self) -> str | None:
        """The trap's kind, cleared."""
        kind = TRAPS.get(self.run.native.trap)
        self.run.native.trap = 0
        return kind

    def call(self, name: str, *arguments: int) -> int:
        """Call a helper by name; its result as a signed number."""
        address = self.runtime.helper_address(self.platform.helper(name).id, self.program_type)
        words = [argument & MASK64 for argument in arguments] + [0] * (5 - len(arguments))
        return signed(HelperFunction(address)(*words, self.run.pointer))

    def handle(self, name: str) -> int:
        """A map's handle."""
        return self.runtime.binding(name).handle

    @property
    def data(self) -> int:
        """The context's `data`."""
        return int(self.run.codec.decode(self.run.context_bytes())["data"]) if self.run.codec else 0  # type: ignore[arg-type]

    @property
    def data_end(self) -> int:
        """The context's `data_end`."""
        return int(self.run.codec.decode(self.run.context_bytes())["data_end"]) if self.run.codec else 0  # type: ignore[arg-type]

    @property
    def ctx(self) -> int:
        """The program's r1."""
        return 0x0200_0000 if self.run.native.checked else int(self.run.native.context)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.run.close()
        self.runtime.close()
        for each in self.maps.values():
            each.close()


@dataclass(frozen=True)
class KernelRun:
    """What the kernel made of a program."""

    return_value: int
    packet: bytes


def bytecode(text: str, maps: tuple[MapSpec, ...] = ()) -> Bytecode:
    """A program and the functions that it names, assembled."""
    code = assemble(text)
    return Bytecode(code=code, functions=discover_functions(decode(code)), maps=maps)


def prepare_here(text: str, lab: Lab, *, checked: bool = True) -> tuple[Interpreter, object]:
    """Assemble, lift and lower for a lab's runtime."""
    module = lift(bytecode(text, tuple(each.spec for each in lab.maps.values())), type=lab.program_type, effects=lab.platform.effects)
    runtime, codec = lab.runtime, lab.run.codec
    bindings = [runtime.binding(name) for name in lab.maps]
    environment = Environment(
        maps=[
            MapBinding(each.id, each.guest_base, each.host_base, lab.maps[name].handle)
            for name, each in zip(lab.maps, bindings, strict=True)
        ],
        helper_address=lambda helper: runtime.helper_address(helper, lab.program_type),
        helper_name=runtime.helper_name,
        quiet_helpers=runtime.quiet_helpers,
        layout=layout_of(codec),
        checked=checked,
    )
    backend = Interpreter()
    return backend, backend.compile(module, environment)


def run_here(
    text: str, program_type: str = "xdp", *, packet: bytes | None = None, maps: Iterable[MapSpec] = (), options: RunOptions | None = None,
    context: ContextValues | bytes | None = None,
) -> RunResult:  # fmt: skip
    """Run a program in checked mode: one run, from assembler text."""
    with Lab(program_type, packet=packet, maps=maps, options=options, context=context) as lab:
        lab.end()
        _, exe = prepare_here(text, lab)
        lab.run.prepare(packet, context)
        with exe.bind(lab.run):  # type: ignore[attr-defined]
            return lab.run.repeat(exe.entry)  # type: ignore[attr-defined]


def run_in_kernel(text: str, program_type: str = "xdp", *, packet: bytes = b"") -> KernelRun:
    """The same program by PROG_TEST_RUN. AssertionError with the verifier's log where it is refused."""
    fd = prog_load(KERNEL_TYPES[program_type], assemble(text))
    assert not isinstance(fd, Refused), fd.log
    try:
        value, after, _ = prog_test_run(fd, packet)
    finally:
        os.close(fd)
    return KernelRun(value, after)
