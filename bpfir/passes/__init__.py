"""Passes over the IR: each a function that says whether it changed anything; the pipeline is one tuple.

    optimise(module, effects)        runs `PIPELINE` over every function until nothing changes (at most `ROUNDS` times)

The checker runs after each pass where `check_each` is set, as it is in every test.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.check import check
from bpfcc.bpfir.collector import paused_collector
from bpfcc.bpfir.effects import no_effects
from bpfcc.bpfir.ops import CallFunction, FuncAddr
from bpfcc.bpfir.passes.assumptions import rename_assumed
from bpfcc.bpfir.passes.blocks import merge_blocks
from bpfcc.bpfir.passes.constants import fold_constants
from bpfcc.bpfir.passes.context import Context
from bpfcc.bpfir.passes.dead_code import drop_dead_ops
from bpfcc.bpfir.passes.slots import promote_slots
from bpfcc.errors import InputError

if TYPE_CHECKING:
    from bpfcc.bpfir.effects import EffectsOf
    from bpfcc.bpfir.function import Function, Module

Pass = Callable[["Function", Context], bool]

PASSES: Final[dict[str, Pass]] = {
    "promote_slots": promote_slots,
    "fold_constants": fold_constants,
    "rename_assumed": rename_assumed,
    "drop_dead_ops": drop_dead_ops,
    "merge_blocks": merge_blocks,
}
PIPELINE: Final[tuple[str, ...]] = ("promote_slots", "fold_constants", "rename_assumed", "drop_dead_ops", "merge_blocks")
ROUNDS: Final = 3


def run_pass(name: str, module: Module, effects: EffectsOf = no_effects) -> bool:
    """Run one pass over every function, by name. InputError for a name that is no pass."""
    chosen = PASSES.get(name)
    if chosen is None:
        raise InputError(f"no pass {name!r}; choose one of {', '.join(sorted(PASSES))}")
    context = Context(module, effects)
    changed = [chosen(fn, context) for fn in module.functions]
    return any(changed)


def callees_first(module: Module) -> list[Function]:
    """The functions, each behind those that it calls or hands on, but for recursion."""
    known = {fn.name: fn for fn in module.functions}
    order: dict[str, Function] = {}
    seen: set[str] = set()
    for first in module.functions:
        work = [(first, False)]
        while work:
            fn, done = work.pop()
            if done:
                order[fn.name] = fn
            elif fn.name not in seen:
                seen.add(fn.name)
                work.append((fn, True))
                work += [
                    (known[op.function], False) for op in fn.ops() if isinstance(op, (CallFunction, FuncAddr)) and op.function in known
                ]
    return list(order.values())


def optimise(module: Module, effects: EffectsOf = no_effects, *, check_each: bool = False) -> bool:
    """Run the pipeline in place, over each function until nothing changes; whether anything did."""
    context = Context(module, effects)
    changed = False
    with paused_collector():
        # Callees first: what a function does with an address that it gets shows when its own frame is gone.
        for fn in callees_first(module):
            for _ in range(ROUNDS):
                again = False
                for name in PIPELINE:
                    if PASSES[name](fn, context):
                        again = True
                        if check_each:
                            check(module, after=name)
                changed |= again
                if not again:
                    break
    return changed
