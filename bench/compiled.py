"""Code that the back ends make against the same C compiled natively, program by program.

    python bench/compiled.py [--rounds 15] [--programs sum,csum] [--cpu baseline|host] [--best]
                             [--backend llvm|aot]

Each round times native, proven and hardened code one after the other (interleaved); the figure is the median of the rounds. Both sides
are compiled for the same processor: `zig cc -O2 -mcpu=baseline`, or the machine's own. Packet and context as in bench/interp.py.
"""

# ruff: noqa: E402 - the test harness is not installed, so the checkout goes on the path first
from __future__ import annotations

import argparse
import ctypes
import statistics
import sys
import tempfile
from ctypes import CDLL, c_uint64, c_void_p
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from bench.interp import LAYOUT, STEPS, Loops, build, geomean, packet
from bpfcc.backends.base import Environment, load_backend
from bpfcc.backends.compiled import CompiledExecutable
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.passes import optimise
from bpfcc.frontend.clang import compile_c
from bpfcc.frontend.objects import load
from tests.interp_harness import NativeMemory

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.backends.compiled import CompiledBound

MODES = (False, True)


class Program:
    """One program: native, proven (`False`) and hardened (`True`)."""

    def __init__(self, source: Path, work: Path, cpu: str, back_end: str) -> None:
        self.name = source.stem
        library = work / f"{self.name}.so"
        flags = ["-O2", f"-mcpu={'native' if cpu == 'host' else 'baseline'}", "-fno-sanitize=undefined", "-DCTX64", "-DNATIVE"]
        build([*flags, "-shared", "-fPIC", "-o", str(library), str(source)])
        self.native = ctypes.cast(CDLL(str(library)).prog, c_void_p)
        bytecode = load(compile_c(source, defines=["CTX64"], include_dirs=[source.parent]).object).programs["prog"].bytecode
        module = lift(bytecode, type="xdp")
        optimise(module)
        self.memory: dict[bool, NativeMemory] = {}
        self.code: dict[bool, CompiledExecutable] = {}
        self.bound: dict[bool, CompiledBound] = {}
        for checked in MODES:
            # No byte of these frames is read before it is written: `bpfcc verify` says so.
            environment = Environment(layout=LAYOUT, checked=checked, zeroed={}, cpu=cpu)
            self.memory[checked] = NativeMemory(context=bytes(16), packet=packet(), layout=LAYOUT, checked=checked)
            made = load_backend(back_end).compile(module, environment)
            assert isinstance(made, CompiledExecutable)
            self.code[checked] = made
            self.bound[checked] = self.code[checked].bind(self.memory[checked])
            self.bound[checked].run()


def timed(program: Program, loops: Loops, count: int, *, checked: bool) -> tuple[int, float]:
    """r0 and nanoseconds a run."""
    ns = c_uint64()
    pointer = c_void_p(program.memory[checked].pointer)
    value = loops.library.time_entry(
        c_void_p(program.code[checked].entry), pointer, c_uint64(count), c_uint64(STEPS), loops.clock, ctypes.byref(ns)
    )
    return value, ns.value / count


def measure(program: Program, loops: Loops, rounds: int, pick: Callable[[list[float]], float]) -> tuple[float, float, float]:
    """Interleaved rounds; all three must agree on r0."""
    expected, once = loops.native(program, 100)
    count = max(int(2_000_000 / max(once, 1)), 20)
    times: tuple[list[float], list[float], list[float]] = ([], [], [])
    for _ in range(rounds):
        value, ns = loops.native(program, count)
        times[0].append(ns)
        for slot, checked in enumerate(MODES, 1):
            got, ns = timed(program, loops, count, checked=checked)
            times[slot].append(ns)
            if got != expected or value != expected:
                raise SystemExit(f"{program.name}: native {expected}, the back end {got}")
    return pick(times[0]), pick(times[1]), pick(times[2])


def main() -> None:
    """Print a line a program and the geometric means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--best", action="store_true", help="the best round instead of the median, for busy machines")
    parser.add_argument("--programs", help="names, separated by commas")
    parser.add_argument("--cpu", choices=("baseline", "host"), default="baseline")
    parser.add_argument("--backend", choices=("llvm", "aot"), default="llvm")
    arguments = parser.parse_args()
    chosen = arguments.programs.split(",") if arguments.programs else None
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        loops = Loops(work)
        sources = [path for path in sorted((HERE / "programs").glob("*.c")) if chosen is None or path.stem in chosen]
        print(f"{'program':10} {'native ns':>10} {'proven':>10} {'ratio':>7} {'hardened':>10} {'ratio':>7}")
        results = []
        for source in sources:
            pick = min if arguments.best else statistics.median
            plain, proven, hardened = measure(Program(source, work, arguments.cpu, arguments.backend), loops, arguments.rounds, pick)
            results.append((proven / plain, hardened / plain))
            print(f"{source.stem:10} {plain:10.1f} {proven:10.1f} {proven / plain:7.2f} {hardened:10.1f} {hardened / plain:7.2f}")
        print(f"{'geomean':10} {'':10} {'':10} {geomean([r for r, _ in results]):7.2f} {'':10} {geomean([r for _, r in results]):7.2f}")


if __name__ == "__main__":
    main()
