"""Run the proofs and print what was proven, at which width, in what time.

    python -m tests.proofs.table                    all; hours on one core
    python -m tests.proofs.table '^(add|sub) '      only claims whose name matches
    python -m tests.proofs.table . 4 --timeout 60   only at four bits, at most a minute for a query

A row is a function (its claims are for operands of several shapes); a cell says how many claims were proven, of how many, and the seconds
of all of them; `!` counts refuted ones, `?` those without an answer in time, `-` means that there is no such claim.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterable

from tests.proofs.register import Claim, Variant, claims, run
from tests.proofs.symbolic import RefutedError, UnknownError

COLUMNS = ("4 bits", "4 bits, total", "8 bits", "64 bits", "all integers")


class Cell:
    """The claims of one function in one setting."""

    def __init__(self) -> None:
        self.claims = 0
        self.proven = 0
        self.refuted = 0
        self.seconds = 0.0

    def __str__(self) -> str:
        if not self.claims:
            return "-"
        unknown = self.claims - self.proven - self.refuted
        doubts = f" {self.refuted}!" * bool(self.refuted) + f" {unknown}?" * bool(unknown)
        return f"{self.proven}/{self.claims}{doubts} {self.seconds:.0f} s"


def column(variant: Variant | None) -> str:
    """The heading a setting belongs to."""
    if variant is None:
        return "all integers"
    return f"{variant.bits} bits{', total' if variant.total else ''}"


def function(claim: Claim) -> str:
    """The row a claim belongs to."""
    name = re.split(r"[:,]| \w+, | 1/| of halves", claim.name)[0]
    return (
        f"{name} (32)"
        if claim.name.endswith("of halves")
        else name.rsplit(" ", 1)[0]
        if name.endswith((" many", " const", " top"))
        else name
    )


def fill(chosen: Iterable[tuple[Claim, Variant | None]], timeout_ms: int) -> dict[str, dict[str, Cell]]:
    """Prove, and say so as it goes."""
    rows: dict[str, dict[str, Cell]] = defaultdict(lambda: defaultdict(Cell))
    for claim, variant in chosen:
        cell = rows[function(claim)][column(variant)]
        cell.claims += 1
        try:
            took = run(claim, variant, timeout_ms=timeout_ms)
            cell.proven += 1
            cell.seconds += took.seconds
            said = f"{took.paths} paths, {took.queries} queries, {took.seconds:.1f} s"
        except RefutedError as refuted:
            cell.refuted += 1
            said = f"REFUTED {refuted}"
        except UnknownError as unknown:
            said = f"no answer: {unknown}"
        sys.stderr.write(f"{claim.name} ({column(variant)}): {said}\n")
    return rows


def print_table(rows: dict[str, dict[str, Cell]]) -> None:
    """As Markdown."""
    lines = [["function", *COLUMNS], ["---"] * (len(COLUMNS) + 1)]
    lines += [[name, *(str(cells.get(heading, Cell())) for heading in COLUMNS)] for name, cells in rows.items()]
    for line in lines:
        sys.stdout.write(f"| {' | '.join(line)} |\n")


def main() -> int:
    """Exit status 1 where a claim was refuted."""
    parser = argparse.ArgumentParser(description="Prove the abstract domain.")
    parser.add_argument("names", nargs="?", default=".", help="a regular expression")
    parser.add_argument("bits", nargs="*", type=int, help="word sizes; all where none is given")
    parser.add_argument("--timeout", type=int, default=0, help="seconds for one query")
    arguments = parser.parse_args()
    chosen = [
        (claim, variant)
        for claim in claims()
        if re.search(arguments.names, claim.name)
        for variant in claim.variants or (None,)
        if variant is None or not arguments.bits or variant.bits in arguments.bits
    ]
    rows = fill(chosen, arguments.timeout * 1000)
    print_table(rows)
    return int(any(cell.refuted for cells in rows.values() for cell in cells.values()))


if __name__ == "__main__":
    sys.exit(main())
