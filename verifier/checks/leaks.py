"""Addresses that get out of the program: in memory that a helper copies, or as a number that it prints.

store.8 v1, -8, v0              the context's address, on the stack
call helper 25(…, v1 - 8, 8)    perf_event_output: V024
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from bpfcc.bpfir.ops import Store
from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.facts import Fact, pointers_of
from bpfcc.verifier.stack import frame_cell, read_cell

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Call
    from bpfcc.runtime.specs.model import Helper
    from bpfcc.verifier.unit import Unit
    from bpfcc.verifier.verdict import Role
    from bpfcc.verifier.view import View

ADDRESS_BYTES: Final = 8
ROLES: Final[tuple[Role, ...]] = ("arg1", "arg2", "arg3", "arg4", "arg5")
# Memory that is looked at and goes nowhere, or whose addresses are followed (`%s`).
STAYS: Final = frozenset({"seq_printf", "snprintf", "trace_vprintk", "csum_diff", "strncmp", "strtol", "strtoul", "dynptr_from_mem"})
PRINTS: Final = frozenset({"trace_printk"})
CONVERSION: Final = re.compile(rb"%[-+ #0]*\d*(?:\.\d+)?(?:h|hh|l|ll|z)?([a-zA-Z%])")
# Of what can be told without knowing the format: nobody prints the text there.
NEVER_TEXT: Final = frozenset({"ctx", "map", "func", "sock"})
_STORES: Final[WeakKeyDictionary[Unit, list[Store]]] = WeakKeyDictionary()


def check_copied(view: View, op: Call, helper: Helper, index: int, most: int, problems: Problems) -> None:
    """Stack bytes that a helper reads hold no address."""
    version = view.unit.frame.sees.get(op)
    fact = view.known(op.args[index])
    if version is None or type(fact) is not Fact or helper.name in STAYS:
        return
    stores = _stores(view)
    span = frame_cell(fact, 0, most) if stores else None
    if span is None:
        return
    low, high = span[0], span[0] + most
    for store in stores:
        cell = frame_cell(view.known(store.base), store.offset, ADDRESS_BYTES)
        if cell is None or cell[0] < low or cell[0] + ADDRESS_BYTES > high:
            continue
        found = read_cell(view.unit, version, cell, sc.TOP, view.known)
        given = [p for p in pointers_of(found) if p.region.kind not in ("unknown", "btf")] if found is not None else []
        if given:
            what = f"memory with an address in it ({given[0].region}) is given to {helper.name}"
            problems.append(Problem("V024", what, known=f"at {{{ROLES[index]}}} + {cell[0] - low}", role=ROLES[index]))
            return


def _stores(view: View) -> list[Store]:
    """Stores of what may be an address: the same for every stage, as it is only where to look."""
    found = _STORES.get(view.unit)
    if found is None:
        found = [
            op
            for block in view.unit.order
            for op in block.ops
            if type(op) is Store
            and op.size_bytes == ADDRESS_BYTES
            and pointers_of(view.known(op.value))
            and pointers_of(view.known(op.base))
        ]
        _STORES[view.unit] = found
    return found


def check_printed(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    """A value that is printed is no address, unless it is of text."""
    if helper.name not in PRINTS:
        return
    conversions = _conversions(view, op)
    at = index - 2
    if conversions is not None and (at >= len(conversions) or conversions[at] == "s"):
        return
    found = [p for p in pointers_of(view.known(op.args[index])) if p.region.kind not in ("unknown", "btf")]
    if found and (conversions is not None or found[0].region.kind in NEVER_TEXT):
        problems.append(Problem("V024", f"an address ({found[0].region}) is given to {helper.name} as a number", role=ROLES[index]))


def _conversions(view: View, op: Call) -> list[str] | None:
    """What the format does with each value, where the format is read-only data."""
    found = pointers_of(view.known(op.args[0]))
    if len(found) != 1 or found[0].region.kind != "map_value" or not found[0].offset.is_const():
        return None
    spec, at = found[0].region.map, found[0].offset.smin
    if spec is None or not spec.read_only_program or spec.initial is None or at < 0:
        return None
    text = spec.initial[at:].split(b"\0")[0]
    return [letter for each in CONVERSION.findall(text) if (letter := each.decode("latin-1")) != "%"]
