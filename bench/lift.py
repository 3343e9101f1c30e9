"""Time of load, lift and optimise, in microseconds an instruction.

    python bench/lift.py                     programs made here, 100 to 20,000 instructions: is it linear?
    python bench/lift.py OBJECT…             programs of BPF objects, the largest of each

Medians of `--rounds` runs (default 5). Loading includes ELF, BTF line information, relocation and linking.
"""

from __future__ import annotations

import argparse
import random
import statistics
import struct
import time
from collections.abc import Callable
from pathlib import Path

from bpfcc.bpfir.cfg import discover_functions
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.module import Bytecode
from bpfcc.bpfir.passes import optimise
from bpfcc.frontend.objects import load
from bpfcc.runtime.specs import load_platform

EFFECTS = load_platform("linux").effects


def insn(opcode: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
    """One slot."""
    return struct.pack("<BBhi", opcode, dst | src << 4, off, imm)


def synthetic(count: int) -> bytes:
    """About `count` instructions in the mix of compiled packet programs: a branch in eight, loads, spills, calls, small loops."""
    rng = random.Random(count)
    out = [insn(0xBF, 6, 1), insn(0xB7, 7, 0, 0, 0), insn(0xBF, 8, 1), insn(0xB7, 9, 0, 0, 1), insn(0xB7, 0, 0, 0, 0)]
    while len(out) < count - 1:
        kind = rng.random()
        reg = rng.choice((0, 7, 8, 9))
        if kind < 0.12 and len(out) < count - 20:
            out.append(insn(rng.choice((0x15, 0x55, 0x25, 0xA5)), reg, 0, rng.randrange(1, 12), rng.randrange(64)))
        elif kind < 0.14 and len(out) > 20:
            out.append(insn(0xA5, reg, 0, -rng.randrange(2, 12), rng.randrange(64)))
        elif kind < 0.17:
            out += [insn(0xBF, 1, 6), insn(0xB7, 2, 0, 0, 8), insn(0x85, 0, 0, 0, 7)]
        elif kind < 0.27:
            out.append(insn(0x7B, 10, reg, -8 * rng.randrange(1, 20)))
        elif kind < 0.37:
            out.append(insn(0x79, reg, 10, -8 * rng.randrange(1, 20)))
        elif kind < 0.57:
            out.append(insn(0x61, reg, 6, 4 * rng.randrange(20)))
        elif kind < 0.75:
            out.append(insn(rng.choice((0x07, 0x57, 0x67, 0x04)), reg, 0, 0, rng.randrange(1, 32)))
        elif kind < 0.9:
            out.append(insn(rng.choice((0x0F, 0x4F, 0x1F)), reg, rng.choice((0, 7, 8, 9))))
        else:
            out.append(insn(0xBF, reg, rng.choice((0, 7, 8, 9))))
    out.append(insn(0x95))
    return b"".join(out)


def timed(rounds: int, prepare: Callable[[], object], *stages: Callable[[object], object]) -> list[float]:
    """Median seconds of each stage; a stage gets what the one before returned."""
    times: list[list[float]] = [[] for _ in stages]
    for _ in range(rounds):
        value = prepare()
        for at, stage in enumerate(stages):
            start = time.perf_counter()
            value = stage(value)
            times[at].append(time.perf_counter() - start)
    return [statistics.median(t) for t in times]


def lift_it(code: object) -> object:
    """Lift with the platform's effects."""
    assert isinstance(code, Bytecode)
    return lift(code, effects=EFFECTS)


def optimise_it(module: object) -> object:
    """Optimise in place."""
    optimise(module, EFFECTS)  # type: ignore[arg-type]
    return module


def main() -> None:
    """Print one row a program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("objects", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print(f"{'program':<44}{'insns':>8}{'load':>8}{'lift':>8}{'sum':>8}{'optimise':>10}   us/insn")
    if not args.objects:
        for count in (100, 300, 1000, 3000, 10_000, 20_000):
            code = synthetic(count)
            bytecode = Bytecode(code, discover_functions(decode(code)))
            (lifting, optimising) = timed(args.rounds, lambda b=bytecode: b, lift_it, optimise_it)  # type: ignore[misc]
            row("synthetic", len(code) // 8, 0.0, lifting, optimising)
    for path in args.objects:
        biggest = max(load(path).programs.values(), key=lambda p: len(p.bytecode.code))
        key = next(name for name, p in load(path).programs.items() if p.name == biggest.name and p.section == biggest.section)
        everything = sum(len(p.bytecode.code) // 8 for p in load(path).programs.values())
        (loading,) = timed(args.rounds, lambda p=path: p, lambda p: [q.bytecode for q in load(p).programs.values()])  # type: ignore[misc,arg-type]
        lifting, optimising = timed(args.rounds, lambda p=path, k=key: load(p).programs[k].bytecode, lift_it, optimise_it)  # type: ignore[misc]
        count = len(biggest.bytecode.code) // 8
        row(f"{path.name}:{biggest.name}", count, loading * count / everything, lifting, optimising)


def row(name: str, count: int, loading: float, lifting: float, optimising: float) -> None:
    """One line, times divided by the number of instructions."""
    micro = [seconds / count * 1e6 for seconds in (loading, lifting, loading + lifting, optimising)]
    print(f"{name[-43:]:<44}{count:>8}{micro[0]:>8.2f}{micro[1]:>8.2f}{micro[2]:>8.2f}{micro[3]:>10.2f}")


if __name__ == "__main__":
    main()
