"""A counterexample run again: what counts is that the checked interpreter traps.

trap = replay(program, counterexample)               None where the run comes to its end
run_arguments(program, counterexample)               ["--checked", "--program", "filter", "--hex", "00ff…", "--maps", "{…}"]
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bpfcc.counterexamples.inputs import REPEAT, run_options
from bpfcc.errors import Trap
from bpfcc.execution import RAW, prepare
from bpfcc.runtime.specs import load_platform

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.program import Program
    from bpfcc.verifier.verdict import Counterexample

MAX_REPLAYS: Final = 24


def replay(program: Program, counterexample: Counterexample, *, steps: int | None = None) -> Trap | None:
    """Run a program on a counterexample, prepared anew; the trap, or None where there is none."""
    surroundings = dict(counterexample.environment)
    repeat = int(surroundings.pop(REPEAT, 1))
    with prepare(program, options=run_options(surroundings), seeds=dict(counterexample.maps), checked=True) as exe:
        try:
            if exe.type == RAW:
                exe.run(data=counterexample.data, repeat=repeat, steps=steps)
            elif exe.takes_packets:
                exe.run(packet=counterexample.packet, context=counterexample.context, repeat=repeat, steps=steps)
            else:
                exe.run(context=counterexample.data, repeat=repeat, steps=steps)
        except Trap as trap:
            return trap
    return None


def shrunk(program: Program, counterexample: Counterexample, met: Callable[[Trap], bool]) -> Counterexample:
    """The same with as short a packet as still does what `met` wants: halves of what can be left out, at most `MAX_REPLAYS` runs."""
    best = counterexample
    step = len(best.packet or b"") // 2
    for _ in range(MAX_REPLAYS):
        packet = best.packet or b""
        if not step:
            break
        if step > len(packet):
            step //= 2
            continue
        shorter = replace(best, packet=packet[: len(packet) - step])
        trap = replay(program, shorter)
        if trap is not None and met(trap):
            best = replace(shorter, trap=str(trap))
        else:
            step //= 2
    return best


def run_arguments(program: Program, counterexample: Counterexample) -> list[str]:
    """What follows `bpfcc run OBJECT`; `--maps` is followed by the document itself, which a caller puts into a file."""
    given = counterexample.packet if counterexample.packet is not None else counterexample.data
    found = ["--checked", "--program", program.name, "--hex", (given or b"").hex()]
    if counterexample.maps:
        found += ["--maps", json.dumps(dict(counterexample.maps))]
    if program.type is not None and load_platform("linux").program_type(program.type).packet is not None:
        for name, value in counterexample.context.items():
            shown = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            found += ["--context", f"{name}={shown}"]
    for name, setting in counterexample.environment.items():
        found += [f"--{name.removesuffix('_ns')}", str(setting)]
    return found
