"""Random programs on every back end, and in the running kernel: what differs is minimised and written as a test.

    python tools/fuzz.py --programs 1000 --inputs 40 --seed 1
    python tools/fuzz.py --programs 100000 --inputs 40 --minutes 30 --jobs 2 --out /tmp/found
    python tools/fuzz.py --programs 50 --inputs 10 --back-ends interp,llvm

The kernel takes part where bpf(2) may be called (Linux, root). The same seed gives the same programs and inputs. A finding is two files,
`seed-N.bir` and `seed-N.json`: moved to tests/fuzzing/found/, they are a test. Exit status 1: something differs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from tests.fuzzing.campaign import Totals


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Random programs on every back end: what differs is minimised and written as a test.")
    parser.add_argument("--programs", type=int, default=200, help="how many (default: %(default)s)")
    parser.add_argument("--inputs", type=int, default=20, help="inputs of each (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="the first program's (default: %(default)s)")
    parser.add_argument("--back-ends", help="interp,llvm,…,kernel (default: all there are)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("fuzz-found"), help="where findings are written (default: %(default)s)")
    parser.add_argument("--minutes", type=float, help="stop after that long")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    return parser.parse_args()


def progress(totals: Totals) -> None:
    """One line, again and again."""
    speed = totals.pairs / totals.seconds if totals.seconds else 0
    line = f"{totals.programs} programs, {totals.pairs} pairs, {speed:.0f} pairs/s, {len(totals.findings)} findings"
    print(line, file=sys.stderr, end="\r" if sys.stderr.isatty() else "\n", flush=True)


def main() -> int:
    """Run; the exit status."""
    from bpfcc.backends.base import BACKENDS
    from tests.fuzzing.campaign import Plan, run
    from tests.fuzzing.engines import KERNEL
    from tests.kernel import why_unavailable

    chosen = options()
    back_ends = tuple(chosen.back_ends.split(",")) if chosen.back_ends else None
    unknown = sorted(set(back_ends or ()) - {*BACKENDS, KERNEL})
    if unknown:
        print(f"no back end {unknown[0]!r}; there are {', '.join(sorted({*BACKENDS, KERNEL}))}", file=sys.stderr)
        return 2
    if (back_ends is None or KERNEL in back_ends) and why_unavailable():
        print(f"without the kernel: {why_unavailable()}", file=sys.stderr)
    plan = Plan(chosen.programs, chosen.inputs, chosen.seed, back_ends, chosen.out, chosen.minutes, chosen.jobs)
    totals = run(plan, None if chosen.quiet else progress)
    print(totals.report())
    return 1 if totals.findings else 0


if __name__ == "__main__":
    sys.exit(main())
