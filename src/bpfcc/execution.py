"""Programs ready to run: maps made, helpers bound, code lowered.

    with prepare(program, backend="interp") as exe:
        exe.maps["counters"][0] = 5
        result = exe.run(packet=frame)              result.return_value, .packet, .steps, .ns_per_run
        results = exe.run_batch(frames)             one call into native code

`prepare` refuses a program that is not accepted (`bpfcc.gate`), and one that is runs without checks. With `checked=True` any program
runs: each access is looked up in the memory that is alive, and a step budget holds. A violation raises `Trap` with instruction and
source line; the process is never harmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal, Self, final, overload

from bpfcc.backends.base import Environment, MapBinding, layout_of, load_backend
from bpfcc.code_cache import CodeCache
from bpfcc.errors import InputError, Trap, UnsupportedError
from bpfcc.prepared import Prepared, Result, Results
from bpfcc.program import known_type, tail_callable
from bpfcc.runtime.contexts import DecodedContext
from bpfcc.runtime.maps import Map, create_map
from bpfcc.runtime.maps.windows import windows_spec
from bpfcc.runtime.memory import GENERATION_SHIFT, PACKET_BASE, TRAPS, describe_address
from bpfcc.runtime.options import RunOptions
from bpfcc.runtime.results import redirect_of
from bpfcc.runtime.run import BatchResult, Run, RunResult, Runtime
from bpfcc.runtime.specs import load_platform
from bpfcc.seeds import fill, jumps_of, seeded_spec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import c_int32

    from bpfcc.backends.base import Bound
    from bpfcc.backends.base import Executable as NativeExecutable
    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.frontend.btf import Btf
    from bpfcc.kernel import KernelExecutable
    from bpfcc.program import Program
    from bpfcc.runtime.contexts import ContextCodec, ContextValues
    from bpfcc.runtime.log import LogRecord
    from bpfcc.runtime.memory import Call
    from bpfcc.runtime.specs import Platform
    from bpfcc.seeds import Seeds
    from bpfcc.verification import Verdict
    from bpfcc.verifier import verdict as plain

TAIL_CALL: Final = 12
LINUX: Final = "linux"
WINDOWS: Final = "windows"
RAW: Final = "raw"
ROUND_COUNTERS: Final = ("llvm", "aot")
MASK32: Final = (1 << 32) - 1
# Makes a NamedTuple without going through its own constructor.
new: Final = tuple.__new__


class BtfCodec:
    """Keys and values of maps by the types of one object."""

    def __init__(self, btf: Btf) -> None:
        self.btf = btf

    def decode(self, type_id: int, data: bytes) -> Any:
        """The value that the bytes are."""
        from bpfcc.frontend.btf_values import decode_value

        return decode_value(self.btf, type_id, data)

    def encode(self, type_id: int, value: Any) -> bytes:
        """The bytes of a value."""
        from bpfcc.frontend.btf_values import encode_value

        return encode_value(self.btf, type_id, value)


@final
class Crew:
    """Executables that share maps and code, each on a CPU of its own."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._members: dict[int, Executable] = {}

    def join(self, exe: Executable, cpu: int | None, cpus: int) -> int:
        """On which CPU it runs from now on: that one, or the first that is free."""
        with self._lock:
            free = [number for number in range(cpus) if number not in self._members]
            if cpu is None and not free:
                raise InputError(f"each of the {cpus} CPUs has a run already: RunOptions(cpus=…) makes more")
            number = free[0] if cpu is None else cpu
            if number in self._members:
                raise InputError(f"CPU {number} has a run already")
            self._members[number] = exe
        return number

    def leave(self, exe: Executable, cpu: int) -> None:
        """It does no longer."""
        with self._lock:
            if self._members.get(cpu) is exe:
                del self._members[cpu]

    def dismiss(self, owner: Executable) -> None:
        """Close those that use the code and the maps of one which is closed."""
        with self._lock:
            members = [exe for exe in self._members.values() if exe is not owner]
        for exe in members:
            exe.close()


@final
class Executable:
    """A prepared program with its maps. One thread uses it at a time (see `thread`). Close it, or use it in a `with`."""

    def __init__(
        self, modules: Sequence[Module], names: Sequence[str], maps: Sequence[MapSpec], *, program_type: str,
        attach_type: str | None = None, backend: str = "interp", options: RunOptions | None = None, bound: int | None = None,
        zeroed: Sequence[Mapping[str, int]] | None = None, digests: Sequence[str] = (), beside: Executable | None = None,
        cpu: int | None = 0, counted: bool = False, platform: str = LINUX,
    ) -> None:  # fmt: skip
        """`bound`: instructions that a run executes at most, for programs that run unchecked; None: a checked run. `zeroed`: of each
        module, functions whose frames are cleared; None: all of them. `digests`: of each module that of its IR, where it is known.
        `beside`: whose maps and code it shares (see `thread`). `counted`: unchecked code counts the rounds of its loops against the steps
        of `options`. `platform`: whose programs they are."""
        self.type: Final = program_type
        self.module: Final = modules[0]
        self.backend: Final = backend
        self.bound: Final = bound
        self._attach_type = attach_type
        self._counted = counted
        with ExitStack() as stack:
            options = options or RunOptions()
            self.maps: Final[dict[str, Map]] = (
                {spec.name: stack.enter_context(make_map(spec, options.cpus, load_platform(platform))) for spec in maps}
                if beside is None
                else beside.maps
            )
            self.runtime: Final[Runtime] = (
                stack.enter_context(Runtime(load_platform(platform), self.maps.values(), options)) if beside is None else beside.runtime
            )
            self._crew: Crew = Crew() if beside is None else beside._crew
            cpu = self._crew.join(self, cpu, self.runtime.options.cpus)
            stack.callback(self._crew.leave, self, cpu)
            self._run = stack.enter_context(Run(self.runtime, program_type, attach_type, cpu=cpu, checked=self.checked))
            self._native: list[NativeExecutable] = [] if beside is None else beside._native
            if beside is None:
                made = load_backend(backend)
                for at, module in enumerate(modules):
                    environment = self._environment(module, None if zeroed is None else zeroed[at])
                    environment.digest = digests[at] if digests else ""
                    exe = made.compile(module, environment)
                    stack.callback(exe.close)
                    self._native.append(exe)
                self._link(names)
                stack.callback(self._crew.dismiss, self)
            self._bound: Bound = stack.enter_context(self._native[0].bind(self._run))
            self._entry = self._native[0].entry
            self.takes_packets: Final = self._run.type.packet is not None
            self._counts = self.checked
            # Of the usual run: a packet, and a context of known size.
            codec = self._run.codec
            self._usual = codec if self.takes_packets and codec is not None and not codec.spec.variable else None
            self._stack = stack.pop_all()

    @property
    def checked(self) -> bool:
        """Whether every access is checked while it runs; else it was proven before."""
        return self.bound is None

    def _environment(self, module: Module, zeroed: Mapping[str, int] | None) -> Environment:
        codec, runtime = self._run.codec, self.runtime
        bindings = ((runtime.binding(spec.name), self.maps[spec.name].handle) for spec in module.maps)
        return Environment(
            maps=[MapBinding(found.id, found.guest_base, found.host_base, pointer) for found, pointer in bindings],
            helper_address=lambda helper: runtime.helper_address(helper, self.type),
            helper_name=runtime.helper_name,
            quiet_helpers=runtime.quiet_helpers,
            tail_call_helper=self.platform.helper("tail_call").id,
            lookup_helper=self.platform.helper("map_lookup_elem").id,
            layout=layout_of(codec),
            checked=self.checked,
            zeroed=zeroed,
            cache=CodeCache.default() if self.backend != "interp" else None,
            budget=self._counted,
        )

    @property
    def platform(self) -> Platform:
        """Whose rules and names hold."""
        return self.runtime.platform

    @property
    def log_dropped(self) -> int:
        """Records that found no room in the log."""
        return self.runtime.log_dropped

    def takes(self, packet: bytes) -> bool:
        """Every packet: one may be empty."""
        return True

    @property
    def native(self) -> NativeExecutable:
        """What the back end made of the program."""
        return self._native[0]

    def _link(self, names: Sequence[str]) -> None:
        targets: list[NativeExecutable | None] = list(self._native)
        for exe in self._native:
            exe.link(targets)
        self.runtime.set_programs(names)

    # ---- other threads

    def thread(self, cpu: int | None = None) -> Executable:
        """The same program for another thread: on the same maps, in the same code, with packet, context and stack of its own.

        `cpu`: the virtual CPU that it runs on, one of `RunOptions.cpus`, whose copies of per-CPU maps it has; None: the first that
        is free. InputError where that one, or every one, has a run already. Close it when its thread is done; what it was made of
        closes it, too.
        """
        return Executable(
            [self.module], (), (), program_type=self.type, attach_type=self._attach_type, backend=self.backend, bound=self.bound,
            beside=self, cpu=cpu, counted=self._counted,
        )  # fmt: skip

    # ---- running

    def run(
        self, packet: bytes | None = None, context: ContextValues | bytes | None = None, data: bytes | None = None, *,
        repeat: int = 1, steps: int | None = None,
    ) -> Result:  # fmt: skip
        """Run once, or `repeat` times from the same packet and context. Raises Trap.

        `packet`: for types that get one. `context`: its fields by name, or its bytes. `data`: memory of type `raw`, and what the
        context's memory pointers mean in types that have such.
        """
        codec = self._usual
        if context is None and data is None and steps is None and repeat == 1 and codec is not None:
            # The usual run, without detours: each name looked up and each function called is felt here.
            run = self._run
            call = run.call or run.ready(self._entry)
            given = packet if type(packet) is bytes else bytes_of(packet)
            if run.native_once(run.call_reference, given, len(given)):
                return self._unusual(given, call, codec)
            context = DecodedContext(codec, run.context_after.raw)
            return new(Result, (call.result & MASK32, call.steps if self._counts else None, given, None, context, call.ns, None))
        if repeat < 1:
            raise InputError("a program is run at least once")
        self._check_budget(steps)
        if self.type == RAW:
            # Its memory is supplied memory, not a context.
            self._run.set_memory(0, data or b"")
            self._run.prepare(steps=steps)
        else:
            self._run.prepare(packet, context, memory=data, steps=steps)
        found = self._run.repeat(self._native[0].entry, repeat)
        if found.trap is not None:
            raise self.trap(found.trap)
        return self._result(found, data=self._run.memory()[: len(data)] if data is not None else None)

    def _unusual(self, packet: bytes, call: Call, codec: ContextCodec) -> Result:
        """Of a run that changed the packet, sent it elsewhere, trapped, or was none."""
        run = self._run
        run.check(call)
        if call.trap:
            run.budget = call.budget
            raise self.trap(TRAPS.get(call.trap))
        return Result(
            call.result & MASK32,
            call.steps if self._counts else None,
            packet if call.same else run.packet(),
            None,
            DecodedContext(codec, run.context_after.raw),
            call.ns,
            redirect_of(run.outcome.redirect) if call.redirect else None,
        )

    def run_batch(
        self, packets: Sequence[bytes], *, context: ContextValues | bytes | None = None, times_ns: Sequence[int] | None = None
    ) -> Results:
        """Run every packet in one call into native code. Raises Trap for the first that traps."""
        results = self.run_raw_batch(packets, context=context, times_ns=times_ns, stop_on_trap=True).results
        if results and results[-1].trap is not None:
            raise self.trap(results[-1].trap)
        return Results(results, self._result)

    def run_raw_batch(
        self, packets: Sequence[bytes], *, context: ContextValues | bytes | None = None, times_ns: Sequence[int] | None = None,
        stop_on_trap: bool = False, time_each: bool = False, steps: int | None = None,
    ) -> BatchResult:  # fmt: skip
        """The runtime's own batch (`runtime.results.BatchResult`): traps are entries of it."""
        self._check_budget(steps)
        entry = self._native[0].entry
        return self._run.batch(
            entry, packets, context=context, times_ns=times_ns, stop_on_trap=stop_on_trap, time_each=time_each, steps=steps
        )

    def _check_budget(self, steps: int | None) -> None:
        if steps is not None and self.bound is not None and steps < self.bound and not self._counted:
            raise InputError(f"a budget of {steps} instructions holds in checked runs only: prepare it with checked=True")

    def trap(self, kind: str | None = None) -> Trap:
        """The trap that stopped the last run, with instruction, source line, and the address in words."""
        trap = self._bound.trap()
        if trap is None:
            return Trap(f"the run was stopped ({kind})", kind=kind or "unknown")
        trap.message = trap.message.replace("of 1 bytes", "of 1 byte")
        if trap.address is not None:
            place = "the null pointer" if trap.address == 0 else self.place_of(trap.address)
            trap.message = trap.message.replace(f"{trap.address:#x}", f"{trap.address:#x} ({place})", 1)
            trap.args = (trap.message,)
        return trap

    def place_of(self, address: int) -> str:
        """A guest address in words: `byte 60 of a packet of 54`."""
        native = self._run.native
        start, end = PACKET_BASE + native.packet_data, PACKET_BASE + native.packet_end
        generation = address & ~((1 << GENERATION_SHIFT) - 1)
        if self._run.type.packet is not None and start <= address < generation + native.packet_capacity and generation == PACKET_BASE:
            return f"byte {address - start} of a packet of {end - start}"
        areas = {name: (self.runtime.binding(name).guest_base, made.area().size) for name, made in self.maps.items()}
        return describe_address(address, {name: area for name, area in areas.items() if area[0]})

    def _result(self, found: RunResult, data: bytes | None = None) -> Result:
        value = found.return_value if self.type == RAW else found.return_value & MASK32
        return Result(value, found.steps if self.checked else None, found.packet, data, found.context, found.ns, found.redirect)

    def take_log(self) -> list[LogRecord]:
        """What programs said since the last call: lines of trace_printk, packets sent aside."""
        return self.runtime.take_log()

    def stop_on(self, flag: c_int32 | None) -> None:
        """End runs with trap `stopped` when another thread sets the flag."""
        self._run.stop_on(flag)

    @property
    def packet_kind(self) -> str | None:
        """Where the packet of such programs begins: `link`, `network`, `transport`; None where they get none."""
        return self._run.type.packet

    def close(self) -> None:
        """Free maps, memory and code."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@overload
def prepare(
    program: Program, backend: Literal["kernel"], *, options: RunOptions | None = None, seeds: Seeds | None = None,
    verdict: Verdict | Sequence[plain.Verdict] | None = None, checked: bool = False,
) -> KernelExecutable: ...  # fmt: skip
@overload
def prepare(
    program: Program, backend: Literal["interp", "llvm", "aot"] = "interp", *, options: RunOptions | None = None,
    seeds: Seeds | None = None, verdict: Verdict | Sequence[plain.Verdict] | None = None, checked: bool = False,
    budget: int | None = None,
) -> Executable: ...  # fmt: skip
@overload
def prepare(
    program: Program, backend: str, *, options: RunOptions | None = None, seeds: Seeds | None = None,
    verdict: Verdict | Sequence[plain.Verdict] | None = None, checked: bool = False, budget: int | None = None,
) -> Prepared: ...  # fmt: skip
def prepare(
    program: Program, backend: str = "interp", *, options: RunOptions | None = None, seeds: Seeds | None = None,
    verdict: Verdict | Sequence[plain.Verdict] | None = None, checked: bool = False, budget: int | None = None,
) -> Prepared:  # fmt: skip
    """Make `program` ready to run: `UnsupportedError` names what it needs and this runtime does not have.

    It has to be accepted, by `verdict` or, where none is given, by judging it now; else RejectedError says why not. `checked` runs
    anything, every access checked. Programs that it can tail-call (named in its program arrays) are prepared with it, and judged too,
    unless there are verdicts on them in a list of several.
    `budget` is for callers who do not trust that loops end: unchecked code counts the rounds of all of them and traps (`budget`) when
    there were so many, or (`stopped`) when the stop flag is set; then no bound on the instructions is asked for. Back ends llvm and aot.
    Maps are fresh for each executable; `seeds` says what is in them at the start (see `bpfcc.seeds`).
    With back end `kernel` Linux judges and runs it (see `bpfcc.kernel`).
    """
    load_platform(program.platform).program_type(known_type(program))
    if budget is not None:
        check_rounds(budget, backend, checked=checked)
    if backend == "kernel":
        from bpfcc.kernel import prepare_in_kernel

        return prepare_in_kernel(program, options=options, seeds=seeds, checked=checked)
    jumps = jumps_of((program.object.maps if program.object is not None else {}).values(), seeds or {})
    chain = list(tail_callable(program, jumps))
    modules = [each.ir for each in chain]
    for module in modules:
        refuse_externs(module)
    maps = [seeded_spec(spec, seeds or {}) for spec in needed_maps(chain)]
    given = tuple(verdict or ()) if verdict is None or isinstance(verdict, Sequence) else (verdict.record,)
    plainly = checked or rewrites_constants(maps, seeds or {})
    counted = budget is not None
    bound, zeroed = (None, None) if plainly else admit(chain, given, (options or RunOptions()).steps, counted=counted)

    def make(bound: int | None) -> Executable:
        # Rounds where they are counted; a run that has to be checked has its usual budget, of instructions.
        given = replace(options or RunOptions(), steps=budget) if budget is not None and bound is not None else options
        return Executable(
            modules, [each.name for each in chain], maps, program_type=program.type or RAW, attach_type=program.attach_type,
            backend=backend, options=given, bound=bound, zeroed=zeroed, counted=counted, platform=program.platform,
        )  # fmt: skip

    try:
        exe = make(bound)
    except UnsupportedError:
        # What a back end cannot do with host addresses it may do with guest ones.
        if bound is None:
            raise
        exe = make(None)
    with ExitStack() as stack:
        stack.callback(exe.close)
        for made in exe.maps.values():
            fill(made, seeds or {})
        stack.pop_all()
    return exe


def check_rounds(budget: int, backend: str, *, checked: bool) -> None:
    """InputError or UnsupportedError where loops cannot be counted."""
    if backend not in ROUND_COUNTERS:
        raise UnsupportedError("budget=", f"back end {backend} does not count the rounds of loops; {' and '.join(ROUND_COUNTERS)} do")
    if checked:
        raise InputError("checked runs count instructions, not rounds of loops: give RunOptions(steps=…) and no budget")
    if budget < 1:
        raise InputError(f"a budget of {budget} rounds: at least one")


def rewrites_constants(maps: Sequence[MapSpec], seeds: Seeds) -> bool:
    """Whether the caller changes data that programs may only read: verdicts are about the constants of the object."""
    return any(spec.name in seeds and spec.read_only_program for spec in maps)


def admit(
    chain: Sequence[Program], given: Sequence[plain.Verdict], steps: int, *, counted: bool = False
) -> tuple[int | None, Sequence[Mapping[str, int]] | None]:  # fmt: skip
    """Let accepted programs in (see `bpfcc.gate`). Where there is no verifier, everything runs checked."""
    from bpfcc.judgement import gate_closed

    if not given and not gate_closed():
        return None, None
    from bpfcc import gate

    return gate.admit(chain, given, steps, counted=counted)


def needed_maps(programs: Sequence[Program]) -> list[MapSpec]:
    """Maps that the programs use, and maps that maps of maps name, each once."""
    found: dict[str, MapSpec] = {}
    for program in programs:
        for spec in program.maps:
            if found.setdefault(spec.name, spec) is not spec:
                raise InputError(f"two maps {spec.name!r}", file=program.file)
            if spec.type in {"array_of_maps", "hash_of_maps"} and program.object is not None:
                named = [name for name in spec.values.values() if name in program.object.maps]
                found |= {name: program.object.maps[name] for name in named if name not in found}
    return list(found.values())


def refuse_externs(module: Module) -> None:
    """Kernel functions and variables have no meaning here."""
    for extern in module.externs:
        if not extern.weak:
            message = f"{extern.name} is part of the kernel ({extern.kind}); there is none here"
            raise UnsupportedError(f"{extern.kind} {extern.name}", message)


def bytes_of(packet: bytes | None) -> bytes:
    """A packet as bytes: callers may have it in another buffer."""
    return bytes(memoryview(packet)) if packet is not None else b""


def make_map(spec: MapSpec, cpus: int, platform: Platform) -> Map:
    """A map, typed where its object has types, with its lock and timer where Linux looks for them."""
    if platform.objects == WINDOWS:
        spec = windows_spec(spec, cpus)
    codec = BtfCodec(spec.btf) if spec.btf is not None else None
    lock = timer = None
    if spec.btf is not None and spec.btf_value_type_id:
        lock = member_offset(spec.btf, spec.btf_value_type_id, "bpf_spin_lock")
        timer = member_offset(spec.btf, spec.btf_value_type_id, "bpf_timer")
    return create_map(spec, cpus=cpus, codec=codec, lock_offset=lock, timer_offset=timer)


def member_offset(btf: Btf, type_id: int, struct_name: str) -> int | None:
    """Where a member of that struct type lies in a value, as the kernel looks for it: at the top level only."""
    found = btf.type(btf.skip_modifiers(type_id))
    if found.kind != "struct":
        return None
    for member in found.members:
        inner = btf.type(btf.skip_modifiers(member.type_id))
        if inner.kind == "struct" and inner.name == struct_name:
            return member.bit_offset // 8
    return None


def run_module(module: Module, data: bytes, *, steps: int | None = None) -> Result:
    """Run a module of type `raw` (the default) on `data`: for IR that comes from no object."""
    with Executable([module], [module.entry.name], list(module.maps), program_type=module.type or RAW) as exe:
        if exe.type == RAW:
            return exe.run(data=data, steps=steps)
        return exe.run(packet=data, steps=steps)
