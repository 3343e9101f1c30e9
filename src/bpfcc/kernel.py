"""The Linux kernel as a back end: what it makes of a program, for comparison.

    with prepare(program, backend="kernel") as exe:         Linux, and the rights to load programs
        exe.run(packet=frame, repeat=1000).ns_per_run
        exe.maps["counters"][0]

Programs are loaded and test-run (BPF_PROG_TEST_RUN), and attached to nothing. Linux has a verifier of its own, so no verdict of ours is
asked for; what it does not take is a RejectedError with its log. Time, random numbers, the current task and the number of CPUs are the
machine's; what programs print goes where Linux puts it.
"""

from __future__ import annotations

import os
from array import array
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Self, final

from bpfcc.backends.kernel.load import RejectedByLinuxError, Target, load_program, useful_lines
from bpfcc.backends.kernel.maps import OUTER, make_map
from bpfcc.backends.kernel.syscall import why_unavailable
from bpfcc.backends.kernel.testrun import Driver, Outcome
from bpfcc.backends.kernel.types import TypeStore
from bpfcc.errors import InputError, RejectedError, Trap, UnsupportedError
from bpfcc.prepared import Result, Results
from bpfcc.program import tail_callable
from bpfcc.runtime.contexts import context_codec
from bpfcc.runtime.results import NOTE, BatchResult, Part, RunResult
from bpfcc.runtime.specs import load_platform
from bpfcc.seeds import fill, jumps_of, seeded_spec
from bpfcc.verifier.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ctypes import c_int32

    from bpfcc.program import Program
    from bpfcc.runtime.contexts import ContextValues
    from bpfcc.runtime.log import LogRecord
    from bpfcc.runtime.maps import Map
    from bpfcc.runtime.options import RunOptions
    from bpfcc.runtime.specs import Platform
    from bpfcc.seeds import Seeds

BACKEND: Final = "kernel"
LINUX: Final = "linux"
# Runs of one call: a stop from another thread is noticed between calls.
RUNS_OF_A_CALL: Final = 1 << 20
STOPPED: Final = 7
NO_REDIRECT: Final = bytes(56)


@final
class KernelExecutable:
    """A program in the kernel, with its maps. One thread uses it at a time. Close it, or use it in a `with`."""

    def __init__(self, chain: Sequence[Program], options: RunOptions | None = None, seeds: Seeds | None = None) -> None:
        program = chain[0]
        self.type: Final = program.type or ""
        self.platform: Final[Platform] = load_platform("linux")
        self.backend: Final = BACKEND
        self.checked: Final = False
        self.bound: Final[int | None] = None
        self.log_dropped: Final = 0
        codec = context_codec(self.platform, self.type, program.attach_type)
        self._driver: Final = Driver(self.type, codec, ifindex=options.ifindex if options is not None else 1)
        self._stop: c_int32 | None = None
        with ExitStack() as stack:
            types = stack.enter_context(TypeStore())
            keep = stack.enter_context(ExitStack())
            self.maps: Final[dict[str, Map]] = _make_maps(chain, types, seeds or {}, keep)
            fds = {name: made.handle for name, made in self.maps.items()}
            programs: dict[str, int] = {}
            for each in chain:
                programs[each.name] = _load(each, fds, types)
                keep.callback(os.close, programs[each.name])
            _fill_program_arrays(self.maps, programs)
            self._fd: Final = programs[program.name]
            self._stack = keep.pop_all()

    @property
    def takes_packets(self) -> bool:
        """Whether there is a packet, or a context only."""
        return self._driver.takes_packets

    @property
    def packet_kind(self) -> str | None:
        """Where the packet of such programs begins: `link` or `network`; None where they get none."""
        return self.platform.program_type(self.type).packet if self.takes_packets else None

    def takes(self, packet: bytes) -> bool:
        """Whether the packet is long enough: Linux wants whole headers."""
        return len(packet) >= self._driver.least(packet)

    # ---- running

    def run(
        self, packet: bytes | None = None, context: ContextValues | bytes | None = None, data: bytes | None = None, *,
        repeat: int = 1, steps: int | None = None,
    ) -> Result:  # fmt: skip
        """Run once, or `repeat` times from the same packet and context. Raises Trap where another thread stops it.

        `ns_per_run` is what Linux says, None for types that it does not time. Where a run changes packet or context, each is a call of
        its own: the kernel would go on with what the last one left.
        """
        if repeat < 1:
            raise InputError("a program is run at least once")
        if data is not None:
            raise UnsupportedError("memory for a run in the kernel", "a test run takes a packet or a context, and no other memory")
        _no_budget(steps)
        driver = self._driver
        given = driver.prepare(packet, context)
        self._check_stop()
        found = first = driver.run(self._fd, given)
        total, left = first.ns or 0, repeat - 1
        at_once = RUNS_OF_A_CALL if driver.shape.repeats and left and driver.unchanged(given, first) else 1
        while left:
            self._check_stop()
            count = min(left, at_once)
            found = driver.run(self._fd, given._replace(repeat=count if driver.shape.repeats else 0))
            total += count * (found.ns or 0)
            left -= count
        return self._result(found, total / repeat if first.ns is not None else None)

    def run_batch(
        self, packets: Sequence[bytes], *, context: ContextValues | bytes | None = None, times_ns: Sequence[int] | None = None
    ) -> Results:
        """Run every packet, each in a call of the kernel. Raises Trap where another thread stops it."""
        results = self.run_raw_batch(packets, context=context, times_ns=times_ns).results
        if results and results[-1].trap is not None:
            raise self.trap(results[-1].trap)
        return Results(results, self._of_batch)

    def run_raw_batch(
        self, packets: Sequence[bytes], *, context: ContextValues | bytes | None = None, times_ns: Sequence[int] | None = None,
        stop_on_trap: bool = False, time_each: bool = False, steps: int | None = None,
    ) -> BatchResult:  # fmt: skip
        """Results as the runtime has them. Linux drives no clock: `times_ns` is not looked at. Every packet is timed."""
        _no_budget(steps)
        del times_ns, stop_on_trap, time_each
        if not self.takes_packets:
            raise InputError(f"programs of type {self.type} get no packets")
        out = BatchResult()
        prepared = [self._driver.prepare(packet, context) for packet in packets]
        values, ns, lengths = array("Q"), array("Q"), array("I")
        part = Part(packets, values, ns=ns, lengths=lengths)
        for given in prepared:
            try:
                self._check_stop()
                found = self._driver.run(self._fd, given)
            except Trap:
                part.notes.append(NOTE.pack(len(values), STOPPED, 0, 0, NO_REDIRECT))
                for column in (values, ns, lengths):
                    column.append(0)
                break
            after = found.packet or b""
            part.changed.append(after)
            values.append(found.return_value)
            ns.append(found.ns or 0)
            lengths.append(len(after))
            out.total_ns += ns[-1]
        out.results.add(part)
        return out

    def _check_stop(self) -> None:
        if self._stop is not None and self._stop.value:
            raise self.trap()

    def _result(self, found: Outcome, ns: float | None) -> Result:
        return Result(found.return_value, None, found.packet, found.data, self._driver.fields(found.context), ns)

    @staticmethod
    def _of_batch(found: RunResult) -> Result:
        return Result(found.return_value, None, found.packet, ns_per_run=found.ns)

    def trap(self, kind: str | None = None) -> Trap:
        """The only one there is: another thread, or a signal, stopped it."""
        return Trap("the run was stopped", kind=kind or "stopped")

    def take_log(self) -> list[LogRecord]:
        """Nothing: what programs print in the kernel is for everybody there, and not kept by program."""
        return []

    def stop_on(self, flag: c_int32 | None) -> None:
        """End runs with trap `stopped` when another thread sets the flag."""
        self._stop = flag

    def close(self) -> None:
        """Close programs and maps; the kernel frees them."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def prepare_in_kernel(
    program: Program, *, options: RunOptions | None = None, seeds: Seeds | None = None, checked: bool = False
) -> KernelExecutable:
    """Load `program`, the programs that it can tail-call, and their maps. See `bpfcc.execution.prepare`."""
    reason = why_unavailable() if program.platform == LINUX else f"program {program.name!r} is for {program.platform}"
    if reason is not None:
        raise UnsupportedError(f"backend {BACKEND}", f"back end {BACKEND} cannot be used: {reason}")
    if checked:
        raise UnsupportedError(f"checked runs of backend {BACKEND}", f"back end {BACKEND} has no checked runs: Linux runs what it verified")
    jumps = jumps_of((program.object.maps if program.object is not None else {}).values(), seeds or {})
    return KernelExecutable(list(tail_callable(program, jumps)), options, seeds)


def _no_budget(steps: int | None) -> None:
    if steps is not None:
        raise InputError("Linux counts no instructions: a budget holds on other back ends only")


# ---- loading


def _make_maps(chain: Sequence[Program], types: TypeStore, seeds: Seeds, keep: ExitStack) -> dict[str, Map]:
    from bpfcc.execution import BtfCodec, needed_maps

    made: dict[str, Map] = {}
    known: dict[int, int] = {}
    for spec in needed_maps(chain):
        codec = BtfCodec(spec.btf) if spec.btf is not None else None
        made[spec.name] = keep.enter_context(make_map(seeded_spec(spec, seeds), types, codec, known))
    for outer in made.values():
        if outer.type in OUTER:
            for index, name in outer.spec.values.items():
                if name not in made:
                    raise InputError(f"map {outer.name!r} names {name!r}, which is no map of the object")
                _store(outer, index, made[name].id or 0)
    for each in made.values():
        fill(each, seeds)
    return made


def _store(target: Map, index: int, number: int) -> None:
    from bpfcc.runtime.maps import KeyedMap

    if isinstance(target, KeyedMap):
        target.write_bytes(index.to_bytes(target.key_size, "little"), number.to_bytes(4, "little"))


def _fill_program_arrays(maps: dict[str, Map], programs: dict[str, int]) -> None:
    for each in maps.values():
        if each.type == "prog_array":
            for index, name in each.spec.values.items():
                if name in programs:
                    _store(each, index, programs[name])


def _load(program: Program, fds: dict[str, int], types: TypeStore) -> int:
    platform = load_platform("linux")
    kind = platform.program_type(program.type or "")
    attach = kind.attach_types.get(program.attach_type or "")
    if attach is None and len(kind.attach_types) == 1 and program.type != "xdp":
        attach = next(iter(kind.attach_types.values()))
    target = Target(
        program.name, kind.name, kind.number, attach.number if attach is not None else 0, program.license or "",
        sleepable=program.sleepable or kind.name == "syscall", frags=program.section.startswith("xdp.frags"), btf=program.btf,
    )  # fmt: skip
    try:
        return load_program(program.bytecode, target, fds, types)
    except RejectedByLinuxError as error:
        raise _rejected(program, error) from None


def _rejected(program: Program, error: RejectedByLinuxError) -> RejectedError:
    """What Linux said, with the end of its log."""
    place = f"{error.position}: " if error.position is not None else ""
    lines = useful_lines(error.log)
    before = "".join(f"\n    {line}" for line in lines[:-1])
    message = f"{place}Linux rejects program {program.name!r}: {error.sentence()} ({error.code}){before}"
    verdict = Verdict(program.name, program.section, program.type, "linux", "rejected")
    return RejectedError(message, verdict, file=None if place else program.file, log=error.log)
