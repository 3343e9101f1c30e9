"""Time of judging, in microseconds an instruction and by stage.

    python bench/verify.py                    made programs of 100 to 10,000 instructions (is it flat?), those of bench/programs with
                                              their bounds, and an example judged again in a warm process, as an editor does it
    python bench/verify.py OBJECT…            every program of BPF objects, the slowest first, and the sum

Medians of `--rounds` runs (default 3); `--top N` programs are listed (default 15). Stages: shape (graph, loops, frame), sparse (facts of
values), places (order, written bytes, references), checks, paths (obligations path by path), smt, termination.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import bpfcc
from bpfcc.bpfir.module import MapSpec
from bpfcc.errors import BpfccError
from bpfcc.program import Program
from bpfcc.verification import verify

HERE = Path(__file__).parent
STAGES = ("shape", "sparse", "places", "checks", "paths", "smt", "termination")
SIZES = (100, 300, 1000, 3000, 10_000)


class Row(NamedTuple):
    """One program: its instructions, the whole time and that of each stage in microseconds, and what was found."""

    name: str
    insns: int
    micros: float
    stages: Counter[str]
    status: str
    bound: int | None


def made(count: int) -> Program:
    """About `count` instructions as packet programs have them: headers checked and read, a map looked up, a counter raised."""
    lines = ["r6 = r1", "r7 = *(u32 *)(r6 + 0)", "r8 = *(u32 *)(r6 + 4)", "r9 = 0"]
    part = 0
    while len(lines) < count - 4:
        at = 14 + 4 * (part % 40)
        lines += [
            "r1 = r7", f"r1 += {at + 8}", f"if r1 > r8 goto out{part}",
            f"r2 = *(u8 *)(r7 + {at})", f"r3 = *(u16 *)(r7 + {at + 2})", "r2 &= 15", "r2 <<= 2", "r3 += r2", "r9 += r3",
            "*(u32 *)(r10 - 4) = r2", f"if r2 > 40 goto out{part}",
            "r2 = r10", "r2 += -4", "r1 = map[counters] ll", "call 1", f"if r0 == 0 goto out{part}",
            "r4 = *(u64 *)(r0 + 0)", "r4 += 1", "*(u64 *)(r0 + 0) = r4", f"out{part}:",
        ]  # fmt: skip
        part += 1
    lines += ["r0 = 2", "exit"]
    text = "\n".join(lines).replace("map[counters] ll", "map[0] ll")
    spec = MapSpec("counters", type="hash", key_size=4, value_size=8, max_entries=64)
    return Program.from_bytes(bpfcc.assemble(text), type="xdp", maps=[spec], name=f"made of {count}")


def judged(program: Program, rounds: int) -> Row:
    """Medians; the program is lifted before."""
    times, stages = [], []
    insns = len(program.bytecode.code) // 8
    verdict = None
    _ = program.ir
    for _ in range(rounds):
        began = time.perf_counter()
        verdict = verify(program, cache=None, explain=False)
        times.append((time.perf_counter() - began) * 1e6)
        stages.append(verdict.stats.stages)
    assert verdict is not None
    middle = Counter({name: statistics.median(s.get(f"{name}_us", 0) for s in stages) for name in STAGES})
    return Row(
        program.name,
        insns,
        statistics.median(times),
        Counter({name: int(micros) for name, micros in middle.items()}),
        verdict.status,
        verdict.stats.max_path_insns,
    )


def heading() -> None:
    """Names of the columns."""
    print(
        f"{'program':<36}{'insns':>7}{'ms':>9}{'us/insn':>9}" + "".join(f"{s[:7]:>9}" for s in STAGES) + f"  {'verdict':<10}{'bound':>10}"
    )


def show(row: Row) -> None:
    """One line; stages in microseconds an instruction."""
    parts = "".join(f"{row.stages[s] / max(row.insns, 1):>9.2f}" for s in STAGES)
    bound = "-" if row.bound is None else str(row.bound)
    each = row.micros / max(row.insns, 1)
    print(f"{row.name[-35:]:<36}{row.insns:>7}{row.micros / 1e3:>9.2f}{each:>9.1f}{parts}  {row.status:<10}{bound:>10}")


def objects(paths: list[Path], rounds: int, top: int) -> None:
    """Every program of the objects."""
    rows = []
    for path in paths:
        try:
            programs = bpfcc.load(path).programs.values()
        except BpfccError as error:
            print(f"{path}: {error}")
            continue
        for program in programs:
            try:
                rows.append(judged(program, rounds))
            except BpfccError as error:
                print(f"{path}:{program.name}: {error}")
    heading()
    for row in sorted(rows, key=lambda r: -r.micros)[:top]:
        show(row)
    total = Counter[str]()
    for row in rows:
        total += row.stages
    accepted = sum(row.status == "accepted" for row in rows)
    show(Row(f"all {len(rows)}, {accepted} accepted", sum(r.insns for r in rows), sum(r.micros for r in rows), total, "", None))


def editor(rounds: int) -> None:
    """From the bytes of an object to the verdicts, in a process that has done it before."""
    source = HERE.parent / "examples" / "firewall.bpf.c"
    began = time.perf_counter()
    compiled = bpfcc.compile(source)
    compiling = time.perf_counter() - began
    from bpfcc.pipeline import read_source

    data = read_source(source).data
    times = []
    for _ in range(max(rounds, 5)):
        began = time.perf_counter()
        for program in bpfcc.load(data).programs.values():
            verify(program, cache=None)
        times.append(time.perf_counter() - began)
    lines = source.read_text().count("\n")
    insns = sum(len(p.bytecode.code) // 8 for p in compiled.programs.values())
    print(f"\n{source.name}, {lines} lines, {insns} instructions: compiled in {compiling * 1e3:.0f} ms,")
    print(f"read, lifted, judged and explained again in {statistics.median(times) * 1e3:.0f} ms")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("objects", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--top", type=int, default=15)
    args = parser.parse_args()
    if args.objects:
        objects(args.objects, args.rounds, args.top)
        return
    heading()
    for count in SIZES:
        show(judged(made(count), args.rounds))
    for path in sorted((HERE / "programs").glob("*.c")):
        for program in bpfcc.compile(path).programs.values():
            show(judged(program, args.rounds)._replace(name=path.stem))
    editor(args.rounds)


if __name__ == "__main__":
    main()
