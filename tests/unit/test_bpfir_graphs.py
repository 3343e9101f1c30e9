"""Dominators, loops and live values against brute force on random graphs, irreducible ones among them."""

from __future__ import annotations

import random

import pytest

from bpfcc.bpfir.dominance import Dominators, reverse_postorder
from bpfcc.bpfir.function import Block, Function
from bpfcc.bpfir.live_values import LiveValues
from bpfcc.bpfir.loops import find_loops
from bpfcc.bpfir.ops import Alu, Branch, Edge, Exit, Jump, used_values
from bpfcc.bpfir.parser import parse_module
from bpfcc.bpfir.passes.unreachable import drop_unreachable


def random_graph(seed: int) -> Function:
    """Blocks without operations whose edges lead anywhere but to the entry."""
    rng = random.Random(seed)
    fn = Function("f")
    blocks = [fn.new_block() for _ in range(rng.randrange(1, 14))]
    for block in blocks:
        choice = rng.random() if len(blocks) > 1 else 1
        targets = [rng.choice(blocks[1:]) for _ in range(2)] if len(blocks) > 1 else []
        if choice < 0.5:
            block.terminator = Branch("eq", 64, 0, 1, Edge(targets[0], []), Edge(targets[1], []))
        elif choice < 0.85:
            block.terminator = Jump(Edge(targets[0], []))
        else:
            block.terminator = Exit(0)
    drop_unreachable(fn)
    return fn


def reaches_without(fn: Function, avoid: Block | None) -> set[Block]:
    if fn.entry is avoid:
        return set()
    seen, work = {fn.entry}, [fn.entry]
    while work:
        for successor in work.pop().successors():
            if successor is not avoid and successor not in seen:
                seen.add(successor)
                work.append(successor)
    return seen


@pytest.mark.parametrize("seed", range(200))
def test_dominators(seed: int) -> None:
    fn = random_graph(seed)
    dominators = Dominators(fn)
    strictly = {a: set(fn.blocks) - reaches_without(fn, a) for a in fn.blocks}
    for a in fn.blocks:
        for b in fn.blocks:
            assert dominators.dominates(a, b) == (b in strictly[a])
    for block in fn.blocks[1:]:
        idom = dominators.idom[block]
        others = [a for a in fn.blocks if block in strictly[a] and a is not block]
        assert idom in others
        assert all(dominators.dominates(a, idom) for a in others)


@pytest.mark.parametrize("seed", range(100))
def test_frontiers(seed: int) -> None:
    fn = random_graph(seed)
    dominators = Dominators(fn)
    frontiers = dominators.frontiers()
    for a in fn.blocks:
        expected = {
            b
            for source in fn.blocks
            if dominators.dominates(a, source)
            for b in source.successors()
            if a is b or not dominators.dominates(a, b)
        }
        assert frontiers[a] == expected


@pytest.mark.parametrize("seed", range(200))
def test_loops(seed: int) -> None:
    fn = random_graph(seed)
    dominators = Dominators(fn)
    found = find_loops(dominators)
    number = dominators.number
    for loop in found.loops:
        body, work = {loop.header}, list(loop.latches)
        while work:
            block = work.pop()
            if block not in body:
                body.add(block)
                work += dominators.predecessors[block]
        assert loop.blocks == body
        assert all(source in body and target not in body for source, target in loop.exits())
        if loop.parent is not None:
            assert loop.blocks < loop.parent.blocks or loop.header is not loop.parent.header
            assert loop in loop.parent.children
            assert loop.depth == loop.parent.depth + 1
    for block in fn.blocks:
        around = [loop for loop in found.loops if block in loop.blocks]
        innermost = found.innermost.get(block)
        assert (innermost is None) == (not around)
        if innermost is not None:
            assert len(innermost.blocks) == min(len(loop.blocks) for loop in around)
    back = [(a, b) for a in fn.blocks for b in a.successors() if number[b] <= number[a] and not dominators.dominates(b, a)]
    assert sorted((a.id, b.id) for a, b in found.irreducible) == sorted((a.id, b.id) for a, b in back)


def test_reverse_postorder_puts_blocks_before_their_successors() -> None:
    fn = random_graph(3)
    order = reverse_postorder(fn)
    assert order[0] is fn.entry
    assert set(order) == set(fn.blocks)


LOOP = """bpfir 1
fn @f(v0) global {
b0:
  v1 = add.64 v0, 1
  jump b1(0)
b1(v2):
  v3 = add.64 v2, v1
  if ult.64 v3, 9 then b1(v3) else b2
b2:
  exit v3
}
"""


def test_live_values_in_a_loop() -> None:
    fn = parse_module(LOOP).entry
    live = LiveValues(fn, Dominators(fn))
    ids = {block.id: ({v.id for v in live.live_in[block]}, {v.id for v in live.live_out[block]}) for block in fn.blocks}
    assert ids == {0: (set(), {1}), 1: ({1}, {1, 3}), 2: ({3}, set())}


@pytest.mark.parametrize("seed", range(60))
def test_live_values_against_paths(seed: int) -> None:
    rng = random.Random(seed)
    fn = random_graph(seed)
    dominators = Dominators(fn)
    values = []
    for block in dominators.order:
        value = fn.new_value()
        visible = [v for v, home in values if dominators.dominates(home, block)]
        op = Alu(value, "add", 64, rng.choice(visible) if visible else 1, 2)
        value.definition = op
        block.ops.append(op)
        values.append((value, block))
    live = LiveValues(fn, dominators)
    for value, home in values:
        users = {b for b in fn.blocks for op in b.all_ops() if value in set(used_values(op))}
        for block in fn.blocks:
            assert (value in live.live_out[block]) == _reaches(block, users, home)


def _reaches(start: Block, users: set[Block], home: Block) -> bool:
    """Whether a path from the end of `start` comes to a user before it comes to the definition again."""
    seen: set[Block] = set()
    work = start.successors()
    while work:
        block = work.pop()
        if block in seen or block is home:
            continue
        seen.add(block)
        if block in users:
            return True
        work += block.successors()
    return False
