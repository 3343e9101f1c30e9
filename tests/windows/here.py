"""The same IR on the back ends of this machine, by the tables of Windows: what native images are compared with.

with Machine(programs, backend="llvm") as machine:
    machine.run("filter", b"", packet)          (value, context, packet)
    machine.contents()                          maps, as the host under wine prints them
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Self, final

from bpfcc.backends.base import ContextLayout, Environment, MapBinding, load_backend
from bpfcc.runtime.maps import Map, create_map
from bpfcc.runtime.maps.events import PerfBuffer, RingBuffer
from bpfcc.runtime.maps.keyed import KeyedMap, OuterMap
from bpfcc.runtime.maps.keyless import QueueMap
from bpfcc.runtime.maps.windows import windows_spec
from bpfcc.runtime.options import RunOptions
from bpfcc.runtime.run import Run, Runtime
from bpfcc.runtime.specs import load_platform
from tests.windows.wine import Ran, RunType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpfcc.backends.base import Executable
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.compat.native.emit import NativeProgram

WINDOWS = load_platform("windows")
CLOCK_NS = 1_000_000_000
MASK32 = (1 << 32) - 1


def run_type(program: NativeProgram) -> RunType:
    """What the host under wine has to know of a program."""
    spec, context = WINDOWS.program_type(program.type), WINDOWS.context_of(program.type)
    assert context is not None
    places = [each.offset for kind in ("packet_start", "memory_start") for each in context.fields if each.kind == kind]
    ends = [each.offset for kind in ("packet_end", "memory_end") for each in context.fields if each.kind == kind]
    return RunType(program.name, spec.number, context.size, *(each[0] if each else -1 for each in (places, ends)), spec.packet is not None)


@final
class Machine:
    """Programs on one set of maps."""

    def __init__(self, programs: Sequence[NativeProgram], *, backend: str, maps: Sequence[MapSpec] = (), checked: bool = False) -> None:
        self.programs = {program.name: program for program in programs}
        with ExitStack() as stack:
            specs = {spec.name: spec for program in programs for spec in program.module.maps} | {spec.name: spec for spec in maps}
            self.maps: dict[str, Map] = {name: stack.enter_context(create_map(plain(spec), cpus=1)) for name, spec in specs.items()}
            options = RunOptions(clock_ns=CLOCK_NS)
            self.runtime = stack.enter_context(Runtime(WINDOWS, self.maps.values(), options))
            self.runs: dict[str, Run] = {}
            self.native: dict[str, Executable] = {}
            made = load_backend(backend)
            for name, program in self.programs.items():
                run = stack.enter_context(Run(self.runtime, program.type, program.attach_type, cpu=0, checked=checked))
                exe = made.compile(program.module, self._environment(program, run, checked=checked))
                stack.callback(exe.close)
                self.runs[name], self.native[name] = run, exe
            targets = list(self.native.values())
            for exe in targets:
                exe.link(targets)
            self.runtime.set_programs(list(self.programs))
            for name, exe in self.native.items():
                stack.enter_context(exe.bind(self.runs[name]))
            self._stack = stack.pop_all()

    def _environment(self, program: NativeProgram, run: Run, *, checked: bool) -> Environment:
        assert run.codec is not None
        start, end = (run.codec.offset_of_kind(kind) for kind in ("packet_start", "packet_end"))
        names = [spec.name for spec in program.module.maps]
        bound = [self.runtime.binding(name) for name in names]
        return Environment(
            maps=[
                MapBinding(each.id, each.guest_base, each.host_base, self.maps[name].handle)
                for each, name in zip(bound, names, strict=True)
            ],
            helper_address=lambda helper: self.runtime.helper_address(helper, program.type),
            helper_name=self.runtime.helper_name,
            quiet_helpers=self.runtime.quiet_helpers,
            tail_call_helper=WINDOWS.helper("tail_call").id,
            lookup_helper=WINDOWS.helper("map_lookup_elem").id,
            layout=ContextLayout(start, end, -1, run.codec.pointer_bytes),
            checked=checked,
            zeroed=program.zeroed,
        )

    def run(self, name: str, context: bytes, data: bytes) -> Ran:
        """One run."""
        run, known = self.runs[name], run_type(self.programs[name])
        given = bytearray(context.ljust(known.context_bytes, b"\0"))
        if not known.packet and known.data >= 0:
            base = run.set_memory(0, data)
            given[known.data : known.data + 8] = base.to_bytes(8, "little")
            given[known.end : known.end + 8] = (base + len(data)).to_bytes(8, "little")
        run.prepare(data if known.packet else None, bytes(given))
        found = run.repeat(self.native[name].entry)
        assert found.trap is None, found.trap
        after = bytearray(run.context_bytes())
        for place in (known.data, known.end):
            if place >= 0:
                after[place : place + 8] = bytes(8)
        left = run.packet() if known.packet else run.memory()[: len(data)] if known.data >= 0 else data
        return Ran(found.return_value & MASK32, bytes(after), left)

    def contents(self) -> dict[str, list[tuple[bytes, bytes]]]:
        """What is in the maps."""
        return {name: list(pairs_of(each)) for name, each in self.maps.items()}

    def lines(self) -> list[str]:
        """What was printed."""
        return [str(record.text) for record in self.runtime.take_log()]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def plain(spec: MapSpec) -> MapSpec:
    """As this runtime makes it, without types: contents are compared as bytes."""
    return windows_spec(replace(spec, btf=None, btf_key_type_id=0, btf_value_type_id=0))


def pairs_of(each: Map) -> Iterator[tuple[bytes, bytes]]:
    """Entries as bytes."""
    if isinstance(each, RingBuffer):
        yield from ((b"", bytes(record)) for record in each.consume())  # type: ignore[arg-type]
    elif isinstance(each, QueueMap):
        yield from ((b"", value) for value in each.raw_values())
    elif isinstance(each, KeyedMap) and not isinstance(each, (OuterMap, PerfBuffer)) and each.type != "prog_array":
        yield from each.raw_items()
