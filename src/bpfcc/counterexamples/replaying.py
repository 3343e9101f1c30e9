"""A counterexample run again: what counts is that the checked interpreter traps.

trap = replay(program, counterexample)               None where the run comes to its end
run_arguments(program, counterexample)               ["--checked", "--program", "filter", "--hex", "00ff…", "--maps", "{…}"]
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bpfcc.counterexamples.inputs import REPEAT, run_options
from bpfcc.errors import Trap
from bpfcc.execution import RAW, prepare
from bpfcc.runtime.specs import load_platform

if TYPE_CHECKING:
    from bpfcc.program import Program
    from bpfcc.verifier.verdict import Counterexample


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
