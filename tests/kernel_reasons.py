"""Why Linux refuses what bpfcc accepts: by what its verifier's log says, and by what is left of the instruction in the code that is judged.

reason_for(log, judgement).key        "never-runs": what Linux stopped at is not in the code that is judged and run

The page docs/verifier-and-linux.md has a row for each reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.bpfir.ops import Jump, Undef

if TYPE_CHECKING:
    from bpfcc.verifier.judge import Judgement


class Reason(NamedTuple):
    """`access`: Linux takes it for an access that may go wrong, so that runs have to show that it does not."""

    key: str
    pattern: str
    access: bool = False


NEVER_RUNS: Final = Reason("never-runs", "")
REASONS: Final = (
    Reason("far-pointer", r"math between \w+ pointer and|value -?\d+ makes \w+ pointer be out of bounds"),
    Reason("frame-alignment", r"misaligned stack access"),
    Reason("frame-subtraction", r"subtraction from stack pointer prohibited"),
    Reason("part-of-pointer", r"invalid size of register (fill|spill)|corrupted spill memory"),
    Reason("end-arithmetic", r"pointer arithmetic on pkt_end prohibited"),
    Reason("endless", r"infinite loop detected|back-edge|The sequence of \d+ jumps is too complex|BPF program is too large"),
    Reason("range", r"min value is negative|unbounded memory access|invalid unbounded variable-offset", access=True),
    Reason("range", r"(min|max) value is outside|offset is outside of the packet", access=True),
    Reason("range", r"invalid access to (packet|map value|memory)|invalid (read|write|indirect access)", access=True),
    Reason("zero-size", r"invalid zero-sized read", access=True),
    Reason("null", r"invalid mem access '\w+_or_null'|type=\w+_or_null expected", access=True),
)
_STEP: Final = re.compile(r"^(\d+): \([0-9a-f]{2}\)", re.MULTILINE)
_KEPT: Final = re.compile(r"Unreleased reference id=\d+ alloc_insn=(\d+)")


def stopped_at(log: str) -> int | None:
    """The instruction that Linux is unhappy about: the one it looked at last, or where a reference comes from."""
    kept = _KEPT.search(log[-1000:])
    found = [kept[1]] if kept else _STEP.findall(log)
    return int(found[-1]) if found else None


def judged_instructions(judgement: Judgement) -> set[int]:
    """Instructions of which something is left where the program can come to, after optimisation."""
    return {
        op.insn
        for unit, facts in judgement.facts.values()
        for block in unit.order
        if block in facts.reached
        for op in block.all_ops()
        if not isinstance(op, (Jump, Undef))
    }


def reason_for(log: str, judgement: Judgement) -> Reason | None:
    """The reason, None where there is none: then bpfcc may be wrong."""
    at = stopped_at(log)
    if at is not None and at not in judged_instructions(judgement):
        return NEVER_RUNS
    return next((reason for reason in REASONS if re.search(reason.pattern, log[-4000:])), None)
