"""An obligation that was not met: what a stage reports before it becomes a finding.

Problem("V011", "8 bytes at {base}+14 may lie outside of the packet", required="…", known="…")
"""

from __future__ import annotations

from typing import NamedTuple

from bpfcc.verifier.codes import CODES, LINT_CLASSES
from bpfcc.verifier.verdict import Cause, Role


class Problem(NamedTuple):
    """See `Finding`; `subject` is what the problem is about, for folding: a value or None."""

    code: str
    message: str
    required: str | None = None
    known: str | None = None
    role: Role | None = None
    cause: Cause = "source"
    suggestion: str | None = None


Problems = list[Problem]
# What real programs may do: where it is found, worse may still be.
LINTS = frozenset(code for code, each in CODES.items() if each.finding_class in LINT_CLASSES)


def stops(problems: Problems, since: int = 0) -> bool:
    """Whether anything after `since` makes looking further pointless: what follows from it is no fault of its own."""
    return any(problem.code not in LINTS for problem in problems[since:])
