"""What it costs to get at the code: a call from Python, a packet of a batch, and making a program ready.

    python bench/calls.py [--back-ends interp,llvm,aot] [--rounds 7] [--sizes 200,600,6000]

Calls and batches run a program of two instructions, so that what is shown is next to nothing but the way there and back: Result objects
are made for each call, batches are counted by `return_values`. Preparing is shown cold (an empty cache), from the cache, and from the
cache in a fresh process, with its imports; the program is verified before and, but for the last, the back end loaded. Medians.
"""

# ruff: noqa: E402 - the checkout goes on the path first
from __future__ import annotations

import argparse
import os
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from verify import made

import bpfcc
from bpfcc.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.prepared import Prepared
    from bpfcc.verification import Verdict

CALLS = 20_000
PACKETS = 200_000
FRESH = """
import sys, time
sys.path[:0] = {path!r}
import bpfcc, calls
program = calls.known({size}, {seed})
verdict = bpfcc.verify(program)
began = time.perf_counter()
bpfcc.prepare(program, {back_end!r}, verdict=verdict).close()
print(time.perf_counter() - began)
"""


class Times(NamedTuple):
    """Milliseconds of preparing one program."""

    cold: float
    cached: float
    fresh: float


def median(measure: Callable[[], float], rounds: int) -> float:
    """Of several measurements."""
    return statistics.median(measure() for _ in range(rounds))


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def calls(exe: Prepared, packet: bytes) -> float:
    """Microseconds of a call."""

    def loop() -> None:
        for _ in range(CALLS):
            exe.run(packet)

    return seconds(loop) / CALLS * 1e6


def batch(exe: Prepared, packets: list[bytes]) -> float:
    """Nanoseconds of a packet."""
    return seconds(lambda: exe.run_batch(packets).return_values()) / len(packets) * 1e9


def speeds(back_end: str, rounds: int) -> tuple[float, float, float]:
    """A call, and a packet of a batch of short and of long ones."""
    program = Program.from_bytes(bpfcc.assemble("r0 = 2\nexit"), type="xdp")
    rng = random.Random(1)
    short, long = ([rng.randbytes(size) for _ in range(PACKETS // (size // 64))] for size in (64, 1500))
    with bpfcc.prepare(program, back_end) as exe:
        for work in (lambda: calls(exe, short[0]), lambda: batch(exe, short), lambda: batch(exe, long)):
            work()
        found = [(calls(exe, short[0]), batch(exe, short), batch(exe, long)) for _ in range(rounds)]
    call, of_short, of_long = (statistics.median(column) for column in zip(*found, strict=True))
    return call, of_short, of_long


def known(size: int, seed: int) -> Program:
    """A program of about that many instructions that no cache knows: what it sums up begins with the seed, and is returned."""
    code = bytearray(made(size).bytecode.code)
    code[8 * 3 : 8 * 4] = struct.pack("<BBhi", 0xB7, 9, 0, seed)  # r9 = seed
    code[-16:-8] = struct.pack("<BBhi", 0xBF, 0x90, 0, 0)  # r0 = r9
    return Program.from_bytes(bytes(code), type="xdp", maps=made(size).maps, name=f"made of {size}")


def prepared(back_end: str, size: int, rounds: int) -> Times:
    """Each program is prepared twice here and once in a process of its own."""
    cold, cached, fresh = [], [], []
    for _ in range(rounds):
        seed = random.SystemRandom().getrandbits(31)
        program = known(size, seed)
        verdict = bpfcc.verify(program)
        assert verdict.accepted, verdict.findings
        cold.append(seconds(lambda: once(program, verdict, back_end)))  # noqa: B023 - called at once
        cached.append(seconds(lambda: once(program, verdict, back_end)))  # noqa: B023 - called at once
        text = FRESH.format(path=sys.path[:2], size=size, seed=seed, back_end=back_end)
        fresh.append(float(subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout))
    return Times(*(statistics.median(each) * 1e3 for each in (cold, cached, fresh)))


def once(program: Program, verdict: Verdict, back_end: str) -> None:
    """Ready, and closed again."""
    bpfcc.prepare(program, back_end, verdict=verdict).close()


def main() -> None:
    """The tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--back-ends", default="interp,llvm,aot")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", default="200,600,6000")
    options = parser.parse_args()
    names, sizes = options.back_ends.split(","), [int(size) for size in options.sizes.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BPFCC_CACHE_DIR"] = folder
        print(f"{'':12}{'call':>10}{'packet of 64':>16}{'packet of 1500':>18}")
        for name in names:
            call, short, long = speeds(name, options.rounds)
            print(f"{name:12}{call:7.2f} µs{short:13.0f} ns{long:15.0f} ns", flush=True)
        print(f"\n{'':12}{'instructions':>14}{'cold':>12}{'cached':>12}{'fresh process':>16}   ms")
        for name in names:
            once(known(50, 1), bpfcc.verify(known(50, 1)), name)
            for size in sizes:
                found = prepared(name, size, options.rounds)
                print(f"{name:12}{size:14}{found.cold:12.1f}{found.cached:12.1f}{found.fresh:16.1f}", flush=True)


if __name__ == "__main__":
    main()
