"""A case on every back end: proven and checked, the lifted IR without any pass, and the running kernel.

    with Engines(case, verdicts) as engines:
        outcomes = engines.outcomes(given)                  name -> Outcome
        differences(outcomes)                               {"llvm": "value is 3, not 4"}, {} where all agree

Maps hold the input's entries before each run and nothing else; time stands still, and CPU 0 runs everything.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, Self, final

from bpfcc.backends.base import BACKENDS
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.isa import OP_CALL
from bpfcc.bpfir.isa_table import FORMS
from bpfcc.bpfir.lift import lift
from bpfcc.errors import BpfccError, Trap, UnsupportedError
from bpfcc.execution import TAIL_CALL, Executable, needed_maps, prepare
from bpfcc.pipeline import effects
from bpfcc.program import tail_callable
from bpfcc.runtime.maps import KeyedMap, PerCpuMap
from bpfcc.runtime.options import RunOptions
from tests.fuzzing.inputs import FIELDS
from tests.fuzzing.kernel import KernelEngine, KernelRefusedError
from tests.kernel import kernel_available

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from bpfcc.bpfir.module import MapSpec
    from bpfcc.prepared import Prepared, Result
    from bpfcc.verifier.verdict import Verdict
    from tests.fuzzing.case import Case, Input

CPUS: Final = 2
STEPS: Final = 2_000_000
REFERENCE: Final = "interp checked"
LIFTED: Final = "interp lifted"
KERNEL: Final = "kernel"
OPTIONS: Final = RunOptions(cpus=CPUS, clock_ns=1_000_000, seed=7, steps=STEPS)
# What a back end with a mistake in it may raise: that is an outcome, too.
FAULTS: Final = (BpfccError, ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
Contents = dict[str, tuple[tuple[bytes, bytes], ...]]


class Outcome(NamedTuple):
    """What a run did: 32 bits of r0 or the trap, the packet, where it was sent, the entries of maps, steps of checked runs, and
    fields of the context."""

    value: int | str
    packet: bytes | None
    redirect: object
    maps: Contents
    steps: int | None
    context: Mapping[str, object] | None = None


class Engine(Protocol):
    """What runs a case."""

    def outcome(self, given: Input) -> Outcome:
        """One run."""
        ...

    def close(self) -> None: ...


def exact_steps(case: Case) -> bool:
    """Whether steps do not depend on passes: blocks are counted whole, and they decide what is in one with a tail call or a packet load
    that ends the program."""
    packet_loads = {form.opcode for form in FORMS if form.kind in ("ld_abs", "ld_ind")}
    insns = [insn for part in case.programs for insn in decode(part.code) if insn is not None]
    return not any(insn.opcode in packet_loads or (insn.opcode == OP_CALL and not insn.src and insn.imm == TAIL_CALL) for insn in insns)


def entries_for(spec: MapSpec, given: Input) -> Mapping[bytes, bytes] | None:
    """What is in a map before a run; None where that is not for inputs to say."""
    if spec.read_only_program or spec.type == "prog_array":
        return None
    found = given.maps.get(spec.name, {})
    if spec.initial is not None:
        return found or {bytes(4): spec.initial}
    if spec.type.endswith("array"):
        empty = bytes(spec.value_size)
        return {key: found.get(key, empty) for key in (index.to_bytes(4, "little") for index in range(spec.max_entries))}
    return found


def per_cpu(value: bytes, cpus: int) -> bytes:
    """The same value for every CPU, as bpf(2) has it."""
    return value.ljust((len(value) + 7) // 8 * 8, b"\0") * cpus


@final
class Native:
    """One executable of the library."""

    def __init__(self, exe: Prepared, case: Case, *, counts: bool = True) -> None:
        """`counts`: whether its steps are what the others count."""
        self.exe = exe
        self.case = case
        self.counts = counts

    def outcome(self, given: Input) -> Outcome:
        exe = self.exe
        for spec in self.case.maps:
            self._fill(spec, given)
        try:
            result = exe.run(packet=given.packet, context=dict(given.context) or None)
        except Trap as trap:
            return Outcome(trap.kind, None, None, {}, None)
        maps = {name: tuple(sorted(made.raw_items())) for name, made in exe.maps.items() if isinstance(made, KeyedMap)}
        maps.pop("jumps", None)
        return Outcome(
            result.return_value, result.packet, result.redirect, maps, result.steps if self.counts else None, self._context(result)
        )

    def _context(self, result: Result) -> dict[str, object]:
        return {name: result.context[name] for name in FIELDS[self.case.kind]}

    def _fill(self, spec: MapSpec, given: Input) -> None:
        made = self.exe.maps.get(spec.name)
        entries = entries_for(spec, given)
        if entries is None or not isinstance(made, KeyedMap):
            return
        if not spec.type.endswith("array"):
            made.clear()
        for key, value in entries.items():
            made.write_bytes(key, per_cpu(value, CPUS) if isinstance(made, PerCpuMap) else value)

    def close(self) -> None:
        self.exe.close()


@final
class Broken:
    """A back end that could not be prepared: what it says is the outcome."""

    def __init__(self, message: str) -> None:
        self.message = message

    def outcome(self, _given: Input) -> Outcome:
        return Outcome(self.message, None, None, {}, None)

    def close(self) -> None:
        """There is nothing."""


def lifted(case: Case) -> Executable:
    """The programs as they were lifted, without any pass."""
    chain = list(tail_callable(case.program()))
    modules = [lift(each.bytecode, type=case.kind, effects=effects()) for each in chain]
    return Executable(modules, [each.name for each in chain], needed_maps(chain), program_type=case.kind, options=OPTIONS)


def made(case: Case, verdicts: Sequence[Verdict], back_end: str, *, checked: bool) -> Prepared | None:
    """The case on one back end; None where that is not possible in this mode."""
    try:
        exe = prepare(case.program(), back_end, options=OPTIONS, verdict=verdicts, checked=checked)
    except UnsupportedError:
        if checked:
            raise
        return None
    if exe.checked and not checked:
        exe.close()
        return None
    return exe


def names(back_ends: Collection[str] | None = None) -> list[str]:
    """Engines that there are, of those back ends or of all."""
    chosen = [*BACKENDS, KERNEL] if back_ends is None else list(back_ends)
    found = [f"{name} {mode}" for name in BACKENDS if name in chosen and name != KERNEL for mode in ("checked", "proven")]
    found += [LIFTED] if "interp" in chosen else []
    if KERNEL in chosen and kernel_available():
        found.append(KERNEL)
    return found


@final
class Engines:
    """The case, prepared. `refused` is the kernel's log where it does not take the programs; `only`: these engines."""

    def __init__(self, case: Case, verdicts: Sequence[Verdict], only: Collection[str] | None = None) -> None:
        self.case = case
        self.refused: str | None = None
        self.engines: dict[str, Engine] = {}
        with ExitStack() as stack:
            for name in names() if only is None else only:
                engine = self._engine(name, verdicts)
                if engine is not None:
                    stack.callback(engine.close)
                    self.engines[name] = engine
            self._stack = stack.pop_all()

    def _engine(self, name: str, verdicts: Sequence[Verdict]) -> Engine | None:
        try:
            return self._made(name, verdicts)
        except FAULTS as error:
            return Broken(f"{type(error).__name__}: {error}")

    def _made(self, name: str, verdicts: Sequence[Verdict]) -> Engine | None:
        if name == KERNEL:
            try:
                return KernelEngine(self.case)
            except KernelRefusedError as refused:
                self.refused = str(refused)
                return None
        if name == LIFTED:
            return Native(lifted(self.case), self.case, counts=exact_steps(self.case))
        back_end, _, mode = name.partition(" ")
        exe = made(self.case, verdicts, back_end, checked=mode == "checked")
        return None if exe is None else Native(exe, self.case)

    def outcomes(self, given: Input) -> dict[str, Outcome]:
        """One input on all of them."""
        return {name: engine.outcome(given) for name, engine in self.engines.items()}

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def apart(found: Outcome, expected: Outcome) -> str:
    """What differs, in words; "" where nothing does. What one of them does not know is not compared."""
    pairs: list[tuple[str, Any, Any]] = [("value", found.value, expected.value), ("packet", found.packet, expected.packet)]
    for name in ("steps", "redirect", "context"):
        one, other = getattr(found, name), getattr(expected, name)
        if one is not None and other is not None:
            pairs.append((name, one, other))
    pairs += [(f"map {name}", found.maps.get(name), entries) for name, entries in expected.maps.items()]
    return "; ".join(f"{name} is {shown(one)}, not {shown(other)}" for name, one, other in pairs if one != other)


def shown(value: object) -> str:
    """Bytes in hexadecimal."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return "{" + ", ".join(f"{key.hex()}: {content.hex()}" for key, content in value) + "}"
    return str(value)


def differences(outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    """What engines do otherwise than the reference (the first, where that is not there); a trap of an accepted program is a difference."""
    reference = REFERENCE if REFERENCE in outcomes else next(iter(outcomes))
    expected = outcomes[reference]
    found = {name: apart(outcome, expected) for name, outcome in outcomes.items() if name != reference}
    if isinstance(expected.value, str):
        found[reference] = f"it traps ({expected.value})"
    return {name: text for name, text in found.items() if text}
