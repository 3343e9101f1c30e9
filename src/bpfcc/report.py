"""What a run did, as one JSON document (schema `bpfcc.run/1`); the command prints it, or makes text of it.

report = run_program(program, Job(packets=[…]))      {"name": "firewall", "verdicts": [{"name": "XDP_DROP", "packets": 37, …}], …}
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.errors import InputError, Trap
from bpfcc.execution import RAW, prepare
from bpfcc.runtime.contexts import context_codec
from bpfcc.runtime.hooks import kept_bytes, verdict
from bpfcc.runtime.log import Clone, TraceLine
from bpfcc.runtime.options import RunOptions, Task
from bpfcc.runtime.packets import strip_link_header

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from ctypes import c_int32

    from bpfcc.captures import CapturedPacket
    from bpfcc.diagnostics import SourcePosition
    from bpfcc.prepared import Prepared
    from bpfcc.program import Program
    from bpfcc.runtime.hooks import Disposition
    from bpfcc.runtime.results import Redirect, RunResult
    from bpfcc.verifier.verdict import Verdict

SCHEMA: Final = "bpfcc.run/1"
# Packets of one call: between calls, ring buffers are emptied and progress is shown.
BATCH: Final = 256
# Traps whose place is looked for: each costs a call. Of those, different places are shown.
MAX_TRAPS_LOCATED: Final = 100
MAX_TRAPS_SHOWN: Final = 5
MAX_RECORDS: Final = 10_000
GOES_ON: Final[frozenset[Disposition]] = frozenset({"pass", "transmit", "redirect"})


class NoPacketsError(InputError):
    """A capture is no input for programs of this type."""


@final
@dataclass(slots=True)
class Job:
    """What to run a program on: packets of a capture, or `data` once (a packet, memory, or a context, as the type has it).

    `on_packet` gets every packet that goes on, as the program left it; `on_progress` how many are done.
    """

    packets: Sequence[CapturedPacket] | None = None
    data: bytes | None = None
    repeat: int = 1
    backend: str = "interp"
    cpus: int = 1
    max_steps: int | None = None
    seeds: dict[str, Any] = field(default_factory=dict)
    types_of_records: dict[str, str] = field(default_factory=dict)
    on_packet: Callable[[bytes, CapturedPacket], None] | None = None
    on_progress: Callable[[int], None] | None = None
    # Fields of the context beside the packet, and what is not the default of the surroundings (`RunOptions`, `Task`).
    context: dict[str, Any] = field(default_factory=dict)
    surroundings: dict[str, Any] = field(default_factory=dict)
    # Run anything, every access checked; else what has no accepting verdict is refused.
    checked: bool = False
    verdicts: Sequence[Verdict] = ()
    # Rewrite programs for Windows first.
    rewrite: bool = False
    # Set by another thread to end a run that is in native code.
    stop: c_int32 | None = None


def run_program(program: Program, job: Job) -> dict[str, Any]:
    """Run one program and say what it did. Traps are part of the report; UnsupportedError and InputError are raised."""
    options = run_options(job)
    with prepare(program, job.backend, options=options, seeds=job.seeds, verdict=job.verdicts, checked=job.checked) as exe:
        exe.stop_on(job.stop)
        collector = Collector(program, exe, job)
        if job.packets is None:
            collector.run_once()
        elif exe.takes_packets:
            collector.run_packets(job.packets)
        else:
            message = f"program {program.name!r} of type {exe.type} gets no packets; give its context with --data or --hex"
            raise NoPacketsError(message, file=program.file)
        return collector.report()


def run_options(job: Job) -> RunOptions:
    """What the job says of the surroundings; where it says nothing, the clock stands at a capture's first packet."""
    given = dict(job.surroundings)
    clock = given.pop("clock_ns", job.packets[0].time_ns if job.packets else None)
    seed = given.pop("seed", 0)
    options = RunOptions(cpus=job.cpus, clock_ns=clock, seed=seed, task=Task(**given))
    return options if job.max_steps is None else replace(options, steps=job.max_steps)


@final
class Collector:
    """Counts while a program runs."""

    def __init__(self, program: Program, exe: Prepared, job: Job) -> None:
        self.program, self.exe, self.job = program, exe, job
        self.verdicts: dict[tuple[int, str, str], list[int]] = {}
        self.redirects: Counter[tuple[str, int, str | None, int]] = Counter()
        self.traps: list[dict[str, Any]] = []
        self.trap_count = self.located = self.runs = self.bytes = self.steps = self.total_ns = self.skipped = 0
        self.packets: int | None = None
        self.result: dict[str, Any] | None = None
        self.trace: list[dict[str, Any]] = []
        self.clones: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.event_count = self.trace_count = 0

    # ---- running

    def run_packets(self, packets: Sequence[CapturedPacket]) -> None:
        """Every packet of the capture, `repeat` times; the clock stands at each packet's time."""
        self.packets = 0
        for turn in range(self.job.repeat):
            for first in range(0, len(packets), BATCH):
                self._run_part(packets[first : first + BATCH], first, keep=turn == 0)
                self._take_output()
                if self.job.on_progress is not None:
                    self.job.on_progress(len(packets[first : first + BATCH]))

    def _run_part(self, packets: Sequence[CapturedPacket], first: int, *, keep: bool) -> None:
        frames = [
            (number, packet, data) for number, packet in enumerate(packets, first) if (data := self._as_seen(packet.data)) is not None
        ]
        self.skipped += len(packets) - len(frames)
        while frames:
            # After enough traps are known, the others are only counted.
            locate = self.located < MAX_TRAPS_LOCATED
            times = [packet.time_ns for _, packet, _ in frames]
            data_of = [data for _, _, data in frames]
            batch = self.exe.run_raw_batch(data_of, context=self.job.context or None, times_ns=times, stop_on_trap=locate)
            self.total_ns += batch.total_ns
            for (number, packet, data), result in zip(frames, batch.results, strict=False):
                self._count(result, number, packet, data, keep=keep)
            if locate and batch.results and batch.results[-1].trap is not None:
                self._note_trap(self.exe.trap(batch.results[-1].trap), frames[len(batch.results) - 1][0])
            frames = frames[len(batch.results) :]

    def _as_seen(self, frame: bytes) -> bytes | None:
        """The frame as programs of this type see it: some begin at the network header. None where it is too short for them."""
        if self.exe.packet_kind != "link":
            found = strip_link_header(frame)
            if found is None:
                return None
            frame = found[1]
        return frame if self.exe.takes(frame) else None

    def _count(self, result: RunResult, number: int, packet: CapturedPacket, data: bytes, *, keep: bool) -> None:
        self.runs += 1
        self.packets = (self.packets or 0) + 1
        self.bytes += len(data)
        self.steps += result.steps
        if result.trap is not None:
            self.trap_count += 1
            return
        meaning = verdict(self.exe.platform, self.exe.type, result.return_value)
        row = self.verdicts.setdefault((result.return_value & 0xFFFF_FFFF, meaning.name, meaning.disposition), [0, 0])
        row[0] += 1
        row[1] += len(data)
        if result.redirect is not None:
            self.redirects[self._target(result.redirect)] += 1
        if keep and self.job.on_packet is not None and meaning.disposition in GOES_ON and result.packet is not None:
            self.job.on_packet(kept_bytes(self.exe.type, result.return_value, result.packet), packet)

    def _target(self, found: Redirect) -> tuple[str, int, str | None, int]:
        name = next((name for name, made in self.exe.maps.items() if found.kind == "map" and made.id == found.map_id), None)
        return found.kind, found.ifindex, name, found.key

    def run_once(self) -> None:
        """On `data`, `repeat` times from the same beginning."""
        exe, data = self.exe, self.job.data or b""
        self.runs = self.job.repeat
        try:
            found = exe.run(**self._arguments(data), repeat=self.job.repeat)
        except Trap as trap:
            self.trap_count = 1
            self._note_trap(trap, None)
        else:
            self.steps = (found.steps or 0) * self.job.repeat
            self.total_ns = round((found.ns_per_run or 0) * self.job.repeat)
            meaning = verdict(exe.platform, exe.type, found.return_value)
            self.verdicts[found.return_value, meaning.name, meaning.disposition] = [self.job.repeat, len(data) * self.job.repeat]
            self.result = {
                "value": found.return_value,
                "packet": found.packet.hex() if found.packet is not None else None,
                "data": found.data.hex() if found.data is not None else None,
            } | self._written(found.context, data)
            if found.redirect is not None:
                self.redirects[self._target(found.redirect)] += 1
        self._take_output()

    def _written(self, after: Mapping[str, Any] | None, data: bytes) -> dict[str, Any]:
        """Fields of the context that the program changed, for types that are about nothing else: a hook reads them."""
        exe, program = self.exe, self.program
        codec = context_codec(exe.platform, exe.type, program.attach_type) if exe.type != RAW and not exe.takes_packets else None
        if codec is None or codec.spec.variable or after is None:
            return {}
        before = codec.decode(codec.encode(self.job.context) if self.job.context else data.ljust(codec.spec.size, b"\0"))
        kinds = {each.name: each.kind for each in codec.spec.fields}
        changed = {name: value for name, value in after.items() if value != before[name] and kinds.get(name) == "scalar"}
        shown = {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}
        return {"context": shown} if shown else {}

    def _arguments(self, data: bytes) -> dict[str, Any]:
        """What a run gets. `data` are the packet, the memory, or the context, as the type has it; with fields for the context, what its
        memory pointers mean. InputError where nothing of it means anything."""
        exe, fields = self.exe, self.job.context
        if exe.takes_packets:
            return {"packet": data, "context": fields or None}
        if exe.type == RAW:
            if fields:
                raise InputError("--context: programs of type raw have no context", file=self.program.file)
            return {"data": data}
        if not fields:
            return {"context": data or None}
        spec = exe.platform.context_of(exe.type)
        if spec is not None and any(each.kind == "memory_start" for each in spec.fields):
            return {"context": fields, "data": data}
        if data:
            message = f"--data and --hex are the whole context of {exe.type} programs: give that, or --context"
            raise InputError(message, file=self.program.file)
        return {"context": fields}

    def _note_trap(self, trap: Trap, packet: int | None) -> None:
        """Keep the first trap of each place, and count the others there."""
        self.located += 1
        for known in self.traps:
            if (known["kind"], known["function"], known["insn"]) == (trap.kind, trap.function, trap.insn):
                known["count"] += 1
                return
        if len(self.traps) < MAX_TRAPS_SHOWN:
            self.traps.append({
                "kind": trap.kind, "message": trap.message, "function": trap.function, "insn": trap.insn,
                "source": source_record(trap.position), "packet": packet, "count": 1,
            })  # fmt: skip

    # ---- what programs said

    def _take_output(self) -> None:
        from bpfcc.contents import take_events

        for record in self.exe.take_log():
            if isinstance(record, TraceLine):
                self.trace_count += 1
                if len(self.trace) < MAX_RECORDS:
                    self.trace.append({"text": record.text, "time_ns": record.time_ns, "cpu": record.cpu})
            elif isinstance(record, Clone) and len(self.clones) < MAX_RECORDS:
                self.clones.append({"ifindex": record.ifindex, "packet": record.packet.hex()})
        for event in take_events(self.program, self.exe.maps, self.job.types_of_records):
            self.event_count += 1
            if len(self.events) < MAX_RECORDS:
                self.events.append(event)

    def report(self) -> dict[str, Any]:
        """The program's part of the document."""
        from bpfcc.contents import map_records

        program, exe = self.program, self.exe
        verdicts = [
            {"value": value, "name": name, "disposition": disposition, "runs": runs, "bytes": size}
            for (value, name, disposition), (runs, size) in sorted(self.verdicts.items(), key=lambda item: -item[1][0])
        ]
        redirects = [
            {"kind": kind, "ifindex": ifindex, "map": name, "key": key, "runs": runs}
            for (kind, ifindex, name, key), runs in self.redirects.most_common()
        ]
        # Linux does not time programs of every type.
        mean = self.total_ns / self.runs if self.runs and self.total_ns and not self.trap_count else None
        return {
            "name": program.name, "section": program.section, "type": exe.type, "instructions": len(program.bytecode.code) // 8,
            "runs": self.runs, "packets": self.packets, "skipped": self.skipped, "bytes": self.bytes,
            "verdicts": verdicts, "result": self.result, "redirects": redirects,
            "checked": exe.checked, "max_path_insns": exe.bound, "steps": self.steps if exe.checked else None,
            "total_ns": self.total_ns, "ns_per_run": mean,
            "traps": {"count": self.trap_count, "shown": self.traps},
            "maps": map_records(program, exe.maps),
            "events": {"count": self.event_count, "records": self.events},
            "trace": {"count": self.trace_count, "dropped": exe.log_dropped, "lines": self.trace},
            "clones": self.clones, "error": None,
        }  # fmt: skip


def source_record(position: SourcePosition | None) -> dict[str, Any] | None:
    """A source position as documents have it."""
    if position is None:
        return None
    return {"file": position.file, "line": position.line, "column": position.column or None, "text": position.text}


def document(source: str, backend: str, programs: list[dict[str, Any]], platform: str = "linux") -> dict[str, Any]:
    """The whole document."""
    checked = all(each.get("checked", True) for each in programs)
    return {"schema": SCHEMA, "source": source, "backend": backend, "platform": platform, "checked": checked, "programs": programs}
