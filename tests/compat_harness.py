"""Programs for Linux and what they become, run side by side.

pair = Pair(program)                 the Linux IR and the rewritten one, each on maps of its own
pair.run(packet)                     Outcome of both: return value, packet, what the maps hold, lines and records
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from bpfcc.backends.base import Environment, MapBinding, layout_of, load_backend
from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.function import Module
from bpfcc.bpfir.module import MapSpec
from bpfcc.compat.rewrite import Ported
from bpfcc.compat.rewrite.port import to_windows
from bpfcc.pipeline import lift_bytecode
from bpfcc.program import Program
from bpfcc.runtime.contexts import ContextValues
from bpfcc.runtime.log import TraceLine
from bpfcc.runtime.maps import Map, create_map
from bpfcc.runtime.maps.events import PerfBuffer, RingBuffer
from bpfcc.runtime.maps.keyed import KeyedMap
from bpfcc.runtime.options import RunOptions
from bpfcc.runtime.run import Run, Runtime
from bpfcc.runtime.specs import load_platform

OPTIONS = RunOptions(clock_ns=1_234_567_890_123, cpus=1, seed=7)
# The value in r0 goes into the map, so that a test sees all of it.
KEEP = """
*(u64 *)(r10 - 16) = r0
*(u32 *)(r10 - 4) = 0
r2 = r10
r2 += -4
r3 = r10
r3 += -16
r4 = 0
r1 = map[0] ll
call 2
r0 = 1
exit
"""
SEEN = MapSpec("seen", "array", 4, 8, 1)


def xdp(text: str, maps: Sequence[MapSpec] = (), **options: Any) -> Program:
    """A program of bare instructions; of a section that tells no type with `type=None` and `section`."""
    section = options.pop("section", "")
    made = Program.from_bytes(assemble(text), type=options.pop("type", "xdp"), maps=maps, **options)
    return made if not section else Program(made.name, section, made.type, lambda: made.bytecode, attach_type=made.attach_type)


def ported(text: str, maps: Sequence[MapSpec] = (), **options: Any) -> Ported:
    """The same on Windows."""
    return to_windows(xdp(text, maps, **options))


def entry(found: Ported, name: str, what: str | None = None) -> Any:
    """The one entry of that name."""
    (only,) = [each for each in found.entries if each.name == name and what in (None, each.what)]
    return only


def why_not(found: Ported) -> str:
    """The reasons that something is absent."""
    assert found.module is None
    return "; ".join(f"{each.name}: {each.reason}" for each in found.absent)


@dataclass(frozen=True)
class Outcome:
    """What a run did."""

    value: int
    packet: bytes | None
    maps: dict[str, Any]
    records: tuple[object, ...]
    context: dict[str, Any]


class Side:
    """A module on one platform, interpreted with every access checked, or compiled."""

    def __init__(
        self, module: Module, platform: str, program_type: str, attach_type: str | None, *, backend: str = "interp", checked: bool = True
    ) -> None:
        self.platform = load_platform(platform)
        with ExitStack() as stack:
            self.maps: dict[str, Map] = {spec.name: stack.enter_context(create_map(spec, cpus=1)) for spec in module.maps}
            self.runtime = stack.enter_context(Runtime(self.platform, self.maps.values(), OPTIONS))
            self.running = stack.enter_context(Run(self.runtime, program_type, attach_type, checked=checked))
            self.exe = load_backend(backend).compile(module, self._environment(module, program_type, checked=checked))
            stack.callback(self.exe.close)
            self.bound = stack.enter_context(self.exe.bind(self.running))
            self.stack = stack.pop_all()

    def _environment(self, module: Module, program_type: str, *, checked: bool) -> Environment:
        runtime, codec = self.runtime, self.running.codec
        bindings = ((runtime.binding(spec.name), self.maps[spec.name].handle) for spec in module.maps)
        return Environment(
            maps=[MapBinding(found.id, found.guest_base, found.host_base, pointer) for found, pointer in bindings],
            helper_address=lambda helper: runtime.helper_address(helper, program_type),
            quiet_helpers=runtime.quiet_helpers,
            tail_call_helper=self.platform.helper("tail_call").id,
            layout=layout_of(codec),
            checked=checked,
        )

    def run(self, packet: bytes | None, context: ContextValues | None) -> Outcome:
        """Once."""
        self.running.prepare(packet, context)
        value = self.bound.run().return_value
        found = self.running.result(value)
        return Outcome(value & 0xFFFF_FFFF, found.packet, self.contents(), self.records(), dict(found.context))

    def contents(self) -> dict[str, Any]:
        """Every map that has keys."""
        return {name: dict(found.items()) for name, found in self.maps.items() if isinstance(found, KeyedMap)}

    def records(self) -> tuple[object, ...]:
        """Lines that were printed, and records of buffers."""
        lines: list[object] = [each.text.rstrip("\n") for each in self.runtime.take_log() if isinstance(each, TraceLine)]
        for found in self.maps.values():
            if isinstance(found, RingBuffer):
                lines += list(found.consume())
            elif isinstance(found, PerfBuffer):
                lines += [each.data for each in found.consume()]
        return tuple(lines)


class Pair:
    """Linux and Windows."""

    def __init__(self, program: Program, found: Ported | None = None, *, backend: str = "interp", checked: bool = True) -> None:
        self.ported = found or to_windows(program)
        assert self.ported.module is not None, self.ported.absent
        assert self.ported.type is not None
        assert program.type is not None
        self.linux = Side(lift_bytecode(program.bytecode, program.type), "linux", program.type, program.attach_type)
        self.windows = Side(self.ported.module, "windows", self.ported.type, self.ported.attach_type, backend=backend, checked=checked)

    def run(
        self, packet: bytes | None = None, linux: ContextValues | None = None, windows: ContextValues | None = None
    ) -> tuple[Outcome, Outcome]:
        """Both, on the same packet; contexts have other fields there. Connections are of TCP, as on Linux."""
        there = dict(windows if windows is not None else linux or {})
        if self.ported.type == "sock_ops":
            there.setdefault("protocol", 6)
        return self.linux.run(packet, linux), self.windows.run(packet, there or None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.linux.stack.close()
        self.windows.stack.close()
