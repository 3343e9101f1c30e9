"""XDP programs that do one map operation a packet: here and in the Linux kernel, by PROG_TEST_RUN.

    python bench/kernel_maps.py [--rounds 61] [--repeat 20000] [--only WORD] [--backends llvm,aot,kernel] [--firewall]

Back ends take turns, each round the same program on the same packet `repeat` times from native code (the kernel: from its own loop); the
figure is the median of the rounds, with the smallest in brackets. Ratios are to the kernel. `nothing` returns at once: what a run costs by
itself; behind the bar, that is taken off both sides. Rounds are short because the kernel does not count the time in which others had the
processor. `--firewall`: the example on packets of its capture.
"""

# ruff: noqa: E402 - the test harness is not installed, so the checkout goes on the path first
from __future__ import annotations

import argparse
import random
import statistics
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import bpfcc
from bpfcc.backends.base import BACKENDS
from bpfcc.backends.kernel.syscall import why_unavailable
from bpfcc.runtime.maps import KeyedMap

if TYPE_CHECKING:
    from bpfcc.prepared import Prepared
    from bpfcc.program import Program

KERNEL: Final = "kernel"
FRAME: Final = bytes.fromhex("020000000001 020000000002 0800 4500003c1c4640004011b1e60a010203ac100a0c") + bytes(30)
KEYS: Final = 9000
XDP_PASS: Final = 2
SHORTEST: Final = 14


def fill(made: KeyedMap) -> None:
    """What the programs look up: numbers, or prefixes as a routing table has them, with those of the packet among them."""
    one = struct.pack("<QQ", 1, 1)
    if made.name == "trie":
        chosen = random.Random(7)
        made.write_bytes(struct.pack("<IBBBB", 8, 10, 0, 0, 0), one)
        made.write_bytes(struct.pack("<IBBBB", 24, 10, 1, 2, 0), one)
        for _ in range(KEYS):
            length = chosen.choice([16, 18, 20, 22, 23, 24, 24, 24, 28, 32])
            made.write_bytes(struct.pack("<IBBBB", length, 10, *chosen.randbytes(3)), one)
    elif made.key_size == 8:
        # Of a per-CPU map, one for each.
        value = made.encode(one)
        for key in range(KEYS):
            made.write_bytes(key.to_bytes(8, "little"), value)


def ready(program: Program, backend: str) -> Prepared:
    """The program with its maps filled, and run once."""
    exe = bpfcc.prepare(program, backend)
    for made in exe.maps.values():
        if isinstance(made, KeyedMap) and made.spec.initial is None:
            fill(made)
    value = exe.run(packet=FRAME).return_value
    if value != XDP_PASS:
        raise SystemExit(f"{program.name} returned {value} on {backend}")
    if exe.checked:
        raise SystemExit(f"{program.name} runs checked on {backend}: that is another measurement")
    return exe


def measure(program: Program, backends: list[str], rounds: int, repeat: int) -> dict[str, list[float]]:
    """Nanoseconds a run of each back end, one figure a round."""
    made = {backend: ready(program, backend) for backend in backends}
    times: dict[str, list[float]] = {backend: [] for backend in backends}
    try:
        for _ in range(rounds):
            for backend, exe in made.items():
                times[backend].append(exe.run(packet=FRAME, repeat=repeat).ns_per_run or 0)
    finally:
        for exe in made.values():
            exe.close()
    return times


def show(name: str, times: dict[str, list[float]], empty: dict[str, float]) -> None:
    """One line: each back end's median, ratios to the kernel's, and the same without what an empty run costs."""
    medians = {backend: statistics.median(found) for backend, found in times.items()}
    cells = [f"{medians[backend]:8.1f} ({min(found):6.1f})" for backend, found in times.items()]
    theirs = medians.get(KERNEL)
    if theirs is not None:
        cells += [f"{medians[backend] / theirs:6.2f}" for backend in times if backend != KERNEL]
        net = theirs - empty.get(KERNEL, 0)
        if empty and name != "nothing":
            cells.append("|")
            cells += [
                f"{(medians[backend] - empty[backend]) / net:6.2f}" if net > 2 else "     -" for backend in times if backend != KERNEL
            ]
    print(f"{name:26}", *cells, flush=True)


def firewall(backends: list[str], rounds: int) -> None:
    """The example on the packets of its capture that it passes: of each packet the median of the rounds, of these the mean."""
    from bpfcc.captures import open_capture

    root = HERE.parent
    program = bpfcc.compile(root / "examples/firewall.bpf.c").programs["firewall"]
    with open_capture(root / "examples/traffic.pcap") as capture:
        packets = [packet.data for packet in capture if len(packet.data) >= SHORTEST]
    made = {backend: bpfcc.prepare(program, backend) for backend in backends}
    passed = [packet for packet in packets if next(iter(made.values())).run(packet=packet).return_value == XDP_PASS][::4]
    times: dict[str, list[list[float]]] = {backend: [[] for _ in passed] for backend in backends}
    for _ in range(rounds):
        for number, packet in enumerate(passed):
            for backend, exe in made.items():
                times[backend][number].append(exe.run(packet=packet, repeat=1000).ns_per_run or 0)
    for exe in made.values():
        exe.close()
    means = {backend: [statistics.mean(map(statistics.median, found))] for backend, found in times.items()}
    show(f"firewall, {len(passed)} packets", means, {})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=61)
    parser.add_argument("--repeat", type=int, default=20_000)
    parser.add_argument("--only", default="", help="programs whose name contains this")
    parser.add_argument("--backends", default=",".join(name for name in ("llvm", "aot") if name in BACKENDS) + f",{KERNEL}")
    parser.add_argument("--firewall", action="store_true", help="the example, too")
    arguments = parser.parse_args()
    backends = arguments.backends.split(",")
    reason = why_unavailable() if KERNEL in backends else None
    if reason is not None:
        raise SystemExit(f"no kernel to compare with: {reason}")
    programs = bpfcc.compile(HERE / "maps.bpf.c").programs
    print(f"{'ns a packet':26}", *(f"{name:>17}" for name in backends), *(f"{name[:4]}/k" for name in backends if name != KERNEL))
    empty: dict[str, float] = {}
    for name, program in programs.items():
        if arguments.only in name or name == "nothing":
            times = measure(program, backends, arguments.rounds, arguments.repeat)
            show(name, times, empty)
            if name == "nothing":
                empty = {backend: statistics.median(found) for backend, found in times.items()}
    if arguments.firewall:
        firewall(backends, arguments.rounds)


if __name__ == "__main__":
    main()
