"""The interpreter against the same C compiled natively, program by program.

    python bench/interp.py [--rounds 15] [--programs sum,csum] [--words]

Each round times native, unchecked and checked code one after the other (interleaved); the figure is the median of the rounds.
Native code is `zig cc -O2 -mcpu=baseline`. The packet has 1,500 bytes, byte i = (7 i + 3) mod 256, with an Ethernet, IPv4 and UDP
header over its front; the context is two 64-bit pointers.
"""

# ruff: noqa: E402 - the test harness is not installed, so the checkout goes on the path first
from __future__ import annotations

import argparse
import ctypes
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from ctypes import CDLL, c_uint64, c_void_p
from pathlib import Path
from typing import NamedTuple, Protocol

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from bpfcc.backends.base import ContextLayout, Environment
from bpfcc.backends.interp import Interpreter, InterpreterBound
from bpfcc.backends.interp.library import entry_address, handlers
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.passes import optimise
from bpfcc.frontend.clang import compile_c
from bpfcc.frontend.objects import load
from bpfcc.frontend.toolchain import tool_environment
from tests.interp_harness import NativeMemory

HEADER = bytes.fromhex("000102030405060708090a0b0800450005dc00000000401100000a0000010a0000023039003505c80000")
LAYOUT = ContextLayout(0, 8, -1, 8)
STEPS = 1 << 40


class Timed(NamedTuple):
    """Median nanoseconds a run."""

    name: str
    native: float
    unchecked: float
    checked: float


def packet() -> bytes:
    """The packet that all programs see."""
    body = bytes((7 * i + 3) % 256 for i in range(1500))
    return HEADER + body[len(HEADER) :]


def build(command: list[str]) -> None:
    """Run the bundled compiler."""
    subprocess.run([sys.executable, "-m", "ziglang", "cc", *command], check=True, env=tool_environment())


class Native(Protocol):
    """What a program has that is compared with native code: that code, and memory by mode."""

    native: c_void_p
    memory: dict[bool, NativeMemory]


class Program:
    """One program in its three forms."""

    def __init__(self, source: Path, work: Path) -> None:
        self.name = source.stem
        library = work / f"{self.name}.so"
        flags = ["-O2", "-mcpu=baseline", "-fno-sanitize=undefined", "-DCTX64", "-DNATIVE", "-shared", "-fPIC"]
        build([*flags, "-o", str(library), str(source)])
        self.native = ctypes.cast(CDLL(str(library)).prog, c_void_p)
        image = compile_c(source, defines=["CTX64"], include_dirs=[source.parent]).object
        bytecode = load(image).programs["prog"].bytecode
        self.bound: dict[bool, InterpreterBound] = {}
        self.memory: dict[bool, NativeMemory] = {}
        self.words = 0
        for checked in (False, True):
            module = lift(bytecode, type="xdp")
            optimise(module)
            self.module = module
            exe = Interpreter().compile(module, Environment(layout=LAYOUT, checked=checked))
            self.words = len(exe.lowered.starts)
            self.lowered = exe.lowered
            memory = NativeMemory(context=bytes(16), packet=packet(), layout=LAYOUT, checked=checked)
            self.memory[checked] = memory
            self.bound[checked] = exe.bind(memory)
            self.bound[checked].run()

    def listing(self) -> Iterator[str]:
        """The register code, a line an instruction."""
        names = {handler.number: name for name, handler in handlers().items()}
        code = self.lowered.words
        for index, start in enumerate(self.lowered.starts):
            if start:
                word = code[16 * index : 16 * index + 16]
                fields = [int.from_bytes(word[at : at + 2], "little") for at in range(8, 16, 2)]
                more = (
                    ""
                    if index + 1 >= len(self.lowered.starts) or self.lowered.starts[index + 1]
                    else code[16 * index + 16 : 16 * index + 32].hex(" ", 2)
                )
                yield f"{index:5} {names[int.from_bytes(word[:8], 'little')]:16} {fields} {more}"


class Loops:
    """The native timing loops."""

    def __init__(self, work: Path) -> None:
        path = work / "loop.so"
        build(["-O2", "-shared", "-fPIC", "-o", str(path), str(HERE / "native/loop.c")])
        self.library = CDLL(str(path))
        self.library.time_native.restype = self.library.time_entry.restype = c_uint64
        self.clock = ctypes.cast(NativeMemory().library.bpfcc_clock_ns, c_void_p)

    def native(self, program: Native, count: int) -> tuple[int, float]:
        """r0 and nanoseconds a run."""
        ns = c_uint64()
        run = program.memory[False].run
        value = self.library.time_native(program.native, c_void_p(run.context), c_uint64(count), self.clock, ctypes.byref(ns))
        return value, ns.value / count

    def interpreted(self, program: Program, count: int, *, checked: bool) -> tuple[int, float]:
        """r0 and nanoseconds a run."""
        ns = c_uint64()
        memory = program.memory[checked]
        value = self.library.time_entry(
            c_void_p(entry_address()), c_void_p(memory.pointer), c_uint64(count), c_uint64(STEPS), self.clock, ctypes.byref(ns)
        )
        return value, ns.value / count


def measure(program: Program, loops: Loops, rounds: int, pick: Callable[[list[float]], float]) -> Timed:
    """Interleaved rounds; all three must agree on r0."""
    expected, once = loops.native(program, 100)
    count = max(int(2_000_000 / max(once, 1)), 20)
    times: tuple[list[float], list[float], list[float]] = ([], [], [])
    for _ in range(rounds):
        value, ns = loops.native(program, count)
        times[0].append(ns)
        for slot, checked in ((1, False), (2, True)):
            got, ns = loops.interpreted(program, max(count // 8, 10), checked=checked)
            times[slot].append(ns)
            if got != expected or value != expected:
                raise SystemExit(f"{program.name}: native {expected}, interpreter {got}")
    return Timed(program.name, *(pick(t) for t in times))


def geomean(values: list[float]) -> float:
    """Geometric mean."""
    return math.exp(sum(map(math.log, values)) / len(values))


def main() -> None:
    """Print a line a program and the geometric means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--best", action="store_true", help="the best round instead of the median, for busy machines")
    parser.add_argument("--programs", help="names, separated by commas")
    parser.add_argument("--words", action="store_true", help="print the register code too")
    arguments = parser.parse_args()
    chosen = arguments.programs.split(",") if arguments.programs else None
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        loops = Loops(work)
        sources = [path for path in sorted((HERE / "programs").glob("*.c")) if chosen is None or path.stem in chosen]
        print(f"{'program':10} {'native ns':>10} {'unchecked':>10} {'ratio':>7} {'checked':>10} {'ratio':>7}")
        results = []
        for source in sources:
            program = Program(source, work)
            if arguments.words:
                print("\n".join(program.listing()))
            timed = measure(program, loops, arguments.rounds, min if arguments.best else statistics.median)
            results.append(timed)
            print(
                f"{timed.name:10} {timed.native:10.1f} {timed.unchecked:10.1f} {timed.unchecked / timed.native:7.2f}"
                f" {timed.checked:10.1f} {timed.checked / timed.native:7.2f}"
            )
        unchecked = geomean([t.unchecked / t.native for t in results])
        checked = geomean([t.checked / t.native for t in results])
        print(f"{'geomean':10} {'':10} {'':10} {unchecked:7.2f} {'':10} {checked:7.2f}")


if __name__ == "__main__":
    main()
