"""The form that is judged: static functions in the place of their calls, callbacks as the loops that call them.

    v3 = call @clamp(v1)          the blocks of clamp, its frame below that of the caller

What comes out is one function with as many frames as calls are nested: frame offsets count from the outermost r10, and each block
belongs to an activation, named by the chain of activations that leads to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.frame import ACCESSES
from bpfcc.bpfir.ops import Alu, Assume, CallFunction, CallIndirect, FrameAddr, Op, Operand, Value
from bpfcc.bpfir.passes.assumptions import rename_assumed
from bpfcc.bpfir.passes.blocks import drop_trivial_params
from bpfcc.bpfir.passes.constants import fold_constants
from bpfcc.bpfir.passes.context import Context
from bpfcc.bpfir.passes.dead_code import drop_dead_ops
from bpfcc.bpfir.passes.slots import promote_slots
from bpfcc.bpfir.passes.unreachable import drop_unreachable
from bpfcc.verifier.checks.problem import Problem
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.facts import join
from bpfcc.verifier.inline import FRAME_BYTES, Chain, Home, Inliner, TooLarge
from bpfcc.verifier.solver import Facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.function import Block, Function
    from bpfcc.verifier.unit import Surroundings, Unit

# Operations of the judged form: what calls in calls may come to.
MAX_OPS: Final = 100_000
OPS_FACTOR: Final = 40
SMALL_OPS: Final = 10_000
PROMOTING_ROUNDS: Final = 3
# The chain of a frame address that a pass made of nobody knows what: every access through it is refused.
NOWHERE: Final[Chain] = (-1,)


@final
@dataclass(slots=True)
class Expanded:
    """A function as it is judged. `activations` of blocks and `frames` of frame addresses are empty where nothing was expanded.

    `origins`: (function, value there, what it is here); `blocks` likewise.
    """

    fn: Function
    activations: Mapping[Block, Chain] = field(default_factory=dict)
    frames: Mapping[Op, Chain] = field(default_factory=dict)
    homes: Mapping[Chain, Home] = field(default_factory=dict)
    origins: list[tuple[str, Value, Operand]] = field(default_factory=list)
    blocks: list[tuple[str, Block, Block]] = field(default_factory=list)

    def home(self, block: Block | None) -> Home:
        """The function that a block is of, and the call that it was copied for."""
        chain = self.activations.get(block) if block is not None else None
        return self.homes[chain] if chain is not None else Home(self.fn.name, (), -1)

    def functions_above(self, block: Block | None) -> list[str]:
        """Functions whose frames are alive in the block, outermost first."""
        chain = self.activations.get(block) if block is not None else None
        if chain is None:
            return [self.fn.name]
        return [self.homes[chain[: at + 1]].function for at in range(len(chain))]


def expand(around: Surroundings, fn: Function) -> Expanded:
    """The judged form of `fn`; the function itself where there is nothing to expand. TooLarge."""
    if not _calls(around, fn):
        return Expanded(fn)
    total = sum(len(block.ops) + 1 for each in around.module.functions for block in each.blocks)
    inliner = Inliner(around, fn.name, min(MAX_OPS, SMALL_OPS + OPS_FACTOR * total))
    inliner.outermost(fn)
    out = inliner.out
    out.linkage, out.btf_type_id, out.start = fn.linkage, fn.btf_type_id, fn.start
    out.frame_bytes = FRAME_BYTES * max(map(len, inliner.homes))
    out.bindings = {0: tuple(inliner.copies)}
    _tidy(around, out, inliner)
    kept = set(out.blocks)
    activations = {block: chain for block, chain in inliner.activations.items() if block in kept}
    copies, out.bindings = out.bindings[0], None
    origins = [(name, old, new) for (name, old), new in zip(inliner.origins, copies, strict=True) if new is not None]
    return Expanded(out, activations, inliner.frames, inliner.homes, origins, inliner.blocks)


def _calls(around: Surroundings, fn: Function) -> bool:
    """Whether anything in it has to be expanded."""
    graph = around.graph
    for block in fn.blocks:
        for op in block.ops:
            if type(op) in (CallFunction, CallIndirect):
                return True
            callback = graph.callback_of(op)
            if callback is not None and not callback.deferred:
                return True
    return False


# ---- tidying up --------------------------------------------------------------------------------------------------------


def _tidy(around: Surroundings, out: Function, inliner: Inliner) -> None:
    """What the optimiser does to one function, for what meets only now."""
    context = Context(around.module, around.effects)
    drop_unreachable(out)
    drop_trivial_params(out)
    for _ in range(PROMOTING_ROUNDS):
        if not _stays_in_frames(out, inliner) or not promote_slots(out, context):
            break
        # What slots held is often one value on every way.
        if not drop_trivial_params(out) | _fold(out, context, inliner.frames):
            break
    rename_assumed(out, context)
    drop_dead_ops(out, context)


def _root(operand: Operand) -> FrameAddr | None:
    while type(operand) is Value:
        definition = operand.definition
        if type(definition) is FrameAddr:
            return definition
        if type(definition) is not Assume:
            return None
        operand = definition.value
    return None


def _stays_in_frames(out: Function, inliner: Inliner) -> bool:
    """Whether every direct access lies in the frame that its address is of, and that frame is alive: else it is to be reported."""
    for block in out.blocks:
        here = inliner.activations[block]
        for op in block.ops:
            if not isinstance(op, ACCESSES):
                continue
            root = _root(op.base)
            if root is None:
                continue
            chain = inliner.frames.get(root, NOWHERE)
            low = -FRAME_BYTES * len(chain)
            at = root.offset + op.offset
            if here[: len(chain)] != chain or at < low or at + op.size_bytes > low + FRAME_BYTES:
                return False
    return True


def _fold(out: Function, context: Context, frames: dict[Op, Chain]) -> bool:
    """Fold constants; a frame address that is made of another one is of the same frame."""
    made_of = {
        op.result: op.lhs if type(op.lhs) is Value else op.rhs
        for block in out.blocks
        for op in block.ops
        if type(op) is Alu
    }  # fmt: skip
    changed = fold_constants(out, context)
    for block in out.blocks:
        for op in block.ops:
            if type(op) is FrameAddr and op not in frames:
                frames[op] = _chain_of(op.result, made_of, frames)
    return changed


def _chain_of(value: Operand, made_of: Mapping[Value, Operand], frames: Mapping[Op, Chain]) -> Chain:
    """Follow an address to the one it was made of."""
    for _ in range(len(made_of) + 1):
        if type(value) is not Value:
            break
        definition = value.definition
        if definition in frames:
            return frames[definition]  # type: ignore[index]
        value = definition.value if type(definition) is Assume else made_of.get(value, 0)
    return NOWHERE


# ---- facts --------------------------------------------------------------------------------------------------------------


def facts_by_function(form: Expanded, facts: Facts, before: Mapping[str, tuple[Unit, Facts]]) -> dict[str, Facts]:
    """What is known of the values of each function, in every copy of it, those `before` included."""
    if not form.homes:
        return {form.fn.name: facts}
    found: dict[str, Facts] = {}
    for name, old, new in form.origins:
        fact = facts.of.get(new) if type(new) is Value else sc.const(new)
        if fact is None:
            continue
        into = found.setdefault(name, Facts())
        known = into.of.get(old)
        into.of[old] = fact if known is None else join(known, fact)
    for name, old_block, new_block in form.blocks:
        if new_block in facts.reached:
            found.setdefault(name, Facts()).reached.add(old_block)
    for name, into in found.items():
        if name in before:
            earlier = before[name][1]
            into.reached |= earlier.reached
            into.of = {**earlier.of, **{v: join(earlier.of[v], f) if v in earlier.of else f for v, f in into.of.items()}}
    return found


def too_large(large: TooLarge) -> Problem:
    """What is said of it."""
    if large.code == "V063":
        return Problem("V063", "calls are nested too deeply")
    return Problem("V071", f"with {large.function} in the place of its calls the program is too large", cause="analysis-limit")


__all__ = ["Expanded", "TooLarge", "expand", "facts_by_function", "too_large"]
