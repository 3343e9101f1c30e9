"""Start-up times of the command, cold: each figure is a process of its own.

    python bench/startup.py [--runs N]

Prints the least and the middle wall time, and the least processor time of the process and its children: on a busy machine
the latter is what the former would be on a quiet one. The limits are what the project asks of itself.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples/firewall.bpf.c"
RUN = ["--pcap", str(ROOT / "examples/traffic.pcap"), "--maps", str(ROOT / "examples/blocklist.json")]
SMALL = '__attribute__((section("xdp"))) int one(void *ctx) { return 1; }\nchar l[] __attribute__((section("license"))) = "GPL";\n'


def measure(command: list[str], runs: int) -> tuple[float, float, float]:
    """(least wall, middle wall, least processor time) in milliseconds."""
    walls, processors = [], []
    for _ in range(runs):
        before = os.times()
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        walls.append((time.perf_counter() - start) * 1000)
        after = os.times()
        processors.append((after.children_user + after.children_system - before.children_user - before.children_system) * 1000)
    return min(walls), sorted(walls)[runs // 2], min(processors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    bpfcc = [shutil.which("bpfcc", path=str(Path(sys.executable).parent)) or "bpfcc"]
    with tempfile.TemporaryDirectory() as folder:
        source, small, firewall = Path(folder) / "one.c", str(Path(folder) / "one.o"), str(Path(folder) / "firewall.o")
        source.write_text(SMALL)
        subprocess.run([*bpfcc, "build", "-q", str(source), "-o", small], check=True)
        subprocess.run([*bpfcc, "build", "-q", str(EXAMPLE), "-o", firewall], check=True)
        cases: list[tuple[str, list[str], int]] = [
            ("bpfcc --version", ["--version"], 100),
            ("bpfcc dump --insns, small object", ["dump", small, "--insns"], 120),
            ("bpfcc dump --ir, small object", ["dump", small, "--ir"], 120),
            ("bpfcc run of the example, compiled before", ["run", firewall, *RUN], 600),
            ("bpfcc run of the example, with compile", ["run", str(EXAMPLE), *RUN], 1500),
        ]
        print(f"{'':44} {'least':>7} {'middle':>7} {'cpu':>7}   limit (ms)")
        for name, arguments, limit in cases:
            least, middle, cpu = measure([*bpfcc, *arguments], runs)
            print(f"{name:44} {least:7.0f} {middle:7.0f} {cpu:7.0f}   {limit}{'' if least <= limit else '   OVER'}")


if __name__ == "__main__":
    main()
