"""One accepted program on every back end, proven and checked: the same results, packets, contexts and maps.

    with Rivals(program, module) as rivals:
        rivals.differences(random.Random(7), 10)          [] where all agree; how many runs were compared is rivals.runs

Each has maps of its own, filled alike; time stands still and chance is seeded.
"""

from __future__ import annotations

import random
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, final

from bpfcc.counterexamples.inputs import Shape
from bpfcc.errors import InputError, Trap, UnsupportedError
from bpfcc.execution import RAW, Executable, needed_maps
from bpfcc.program import tail_callable
from bpfcc.runtime.maps import KeyedMap, MapError, PerCpuMap
from bpfcc.runtime.maps.seed import dump
from bpfcc.runtime.options import RunOptions
from tests.soundness.runs import Inputs

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Module
    from bpfcc.counterexamples.inputs import Given
    from bpfcc.program import Program

MODES: Final = tuple((name, checked) for name in ("interp", "llvm", "aot") for checked in (True, False))
STEPS: Final = 100_000


class Outcome(NamedTuple):
    """What a run did. `steps` of checked runs."""

    value: int | str
    packet: bytes | None
    data: bytes | None
    redirect: object
    maps: dict[str, Any]
    steps: int | None


def apart(found: Outcome, expected: Outcome) -> str:
    """What differs."""
    pairs = zip(Outcome._fields, found, expected, strict=True)
    return "; ".join(f"{name} is {one!r}, not {other!r}" for name, one, other in pairs if one != other)


@final
class Rivals:
    """The executables of one program. `longest`: instructions of a run at most."""

    def __init__(self, program: Program, module: Module, longest: int | None) -> None:
        self.shape = Shape(program, module)
        self.inputs = Inputs(self.shape, module)
        self.exes: dict[tuple[str, bool], Executable] = {}
        self.runs = 0
        chain = list(tail_callable(program))
        options = RunOptions(cpus=2, clock_ns=1_000_000, seed=7, steps=STEPS)
        with ExitStack() as stack:
            for back_end, checked in MODES:
                if not checked and longest is None:
                    continue
                # What cannot be done with host addresses is done with guest ones.
                with suppress(UnsupportedError):
                    self.exes[back_end, checked] = stack.enter_context(
                        Executable(
                            [module, *(each.ir for each in chain[1:])], [each.name for each in chain], needed_maps(chain),
                            program_type=program.type or RAW, attach_type=program.attach_type, backend=back_end, options=options,
                            bound=None if checked else longest,
                        )
                    )  # fmt: skip
            self.stack = stack.pop_all()

    def differences(self, rng: random.Random, inputs: int) -> list[str]:
        """What they do differently, each input on all of them."""
        found = []
        for number, model in zip(range(inputs), self.inputs.models(rng), strict=False):
            given = self.shape.given(model)
            seed = rng.randrange(1 << 30)
            outcomes = {mode: self._run(exe, given, number, seed) for mode, exe in self.exes.items()}
            self.runs += len(outcomes)
            checked = outcomes["interp", True]
            for mode, outcome in outcomes.items():
                expected = checked if mode[1] else checked._replace(steps=None)
                if outcome != expected and not (isinstance(checked.value, str) and not mode[1]):
                    found.append(f"{mode}: {apart(outcome, expected)}\non {given}")
        return found

    def _run(self, exe: Executable, given: Given, number: int, seed: int) -> Outcome:
        self._fill(exe, random.Random(seed), number)
        context = given.context if given.context is not None else given.fields
        try:
            if exe.type == RAW:
                result = exe.run(data=given.data)
            elif exe.takes_packets:
                result = exe.run(packet=given.packet, context=context)
            else:
                result = exe.run(context=context)
        except Trap as trap:
            return Outcome(f"{trap.kind} at {trap.insn}" if trap.kind != "budget" else trap.kind, None, None, None, {}, None)
        maps = {name: dump(made) for name, made in exe.maps.items()}
        return Outcome(result.return_value, result.packet, result.data, result.redirect, maps, result.steps)

    def _fill(self, exe: Executable, rng: random.Random, number: int) -> None:
        for made in exe.maps.values():
            if number < 3 or not isinstance(made, KeyedMap):
                continue
            with suppress(MapError, InputError):
                for key, value in self.inputs.entries(rng, made.spec).items():
                    each = value + bytes(-len(value) % 8)
                    made.write_bytes(key, each * made.cpus if isinstance(made, PerCpuMap) else value)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()
