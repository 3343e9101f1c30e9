"""Every fused instruction does what its parts do: against the IR's evaluator, with the handler's name asserted."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from bpfcc.backends.base import Environment
from bpfcc.backends.interp import Interpreter
from bpfcc.backends.interp.formats import (
    ALU_BRANCHES,
    ANY_FUSED,
    CONDITIONS,
    FOLD_CONDITIONS,
    FOLDS,
    FORMS,
    LOAD_BRANCHES,
    LOADS_THEN,
)
from bpfcc.backends.interp.library import handlers
from bpfcc.bpfir import evaluate as evaluator
from bpfcc.bpfir.check import check
from bpfcc.bpfir.parser import parse_module
from bpfcc.errors import Trap
from tests.interp_harness import NativeMemory
from tests.oracle import USER_BASE, Memory, Region

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Module

pytestmark = pytest.mark.skipif(ANY_FUSED not in handlers(), reason="this library's loop is not threaded, so it has no fused handlers")
MEMORY_BYTES = 64
CONSTANTS = (1, 7, 31, 0xFF, 0x7FFF_FFFF, (1 << 64) - 1, (1 << 64) - 0x8000_0000, 13)


def module_of(body: str) -> Module:
    module = parse_module("bpfir 1\nfn @main(v0, v1) global {\n" + body + "}\n")
    module.type = "raw"
    check(module)
    return module


def expected(module: Module, content: bytes, steps: int = 100_000) -> tuple[object, ...]:
    memory = Memory([Region("memory", USER_BASE, content)])
    environment = evaluator.Environment(memory, lambda _: 0x0100_1000, lambda _: None, lambda _: None, budget=steps)
    try:
        value = evaluator.evaluate(module, (USER_BASE, len(content)), environment)
    except Trap as trap:
        return (trap.kind, trap.address)
    return (value, bytes(memory["memory"].data))


def found(module: Module, content: bytes, *names: str, steps: int = 100_000) -> tuple[object, ...]:
    exe = Interpreter().compile(module, Environment())
    assert set(names) <= set(exe.lowered.names()), exe.lowered.names()
    try:
        with NativeMemory(user=content) as memory, exe.bind(memory) as bound:
            try:
                value = bound.run(steps).return_value
            except Trap as trap:
                return (trap.kind, trap.address)
            return (value, memory.user)
    finally:
        exe.close()


def operation(form: str, result: str, left: str, right: str, constant: int) -> str:
    """The IR of a form."""
    if form == "zext32":
        return f"  {result} = zext.32.64 {left}\n"
    width = form[-2:] if form[-1] != "i" else form[-3:-1]
    kind = form.removesuffix("i")[:-2]
    if kind == "rotl":
        by = constant % (int(width) - 1) + 1
        halves = f"  v90{result[1:]} = lsh.{width} {left}, {by}\n  v91{result[1:]} = rsh.{width} {left}, {int(width) - by}\n"
        return f"{halves}  {result} = or.{width} v90{result[1:]}, v91{result[1:]}\n"
    if kind in ("lsh", "rsh"):
        constant %= int(width)
    # Powers of two would become shifts.
    if kind == "mul" and not constant & (constant - 1):
        constant = 31
    return f"  {result} = {kind}.{width} {left}, {constant if form[-1] == 'i' else right}\n"


# Sign-extending loads join with nothing.
LOADS = "b0:\n  v2 = loads.4 v0, 0\n  v3 = loads.4 v0, 5\n  v4 = loads.4 v0, 14\n  v5 = loads.4 v0, 23\n"


@pytest.mark.parametrize("first", FORMS)
def test_pairs(first: str) -> None:
    rng = random.Random(first)
    for second in FORMS:
        c, d = rng.choice(CONSTANTS), rng.choice(CONSTANTS)
        content = rng.randbytes(MEMORY_BYTES)
        head = LOADS
        dependent = head + operation(first, "v6", "v2", "v3", c) + operation(second, "v7", "v6", "v4", d)
        module = module_of(dependent + "  store.8 v0, 40, v6\n  exit v7\n")
        # What reads the low half only does without the extension.
        names = [f"p_{first}_{second}"] if first != "zext32" or not second.rstrip("i").endswith("32") or second == "zext32" else []
        assert found(module, content, *names) == expected(module, content), (first, second)
        apart = head + operation(first, "v6", "v2", "v3", c) + operation(second, "v7", "v5", "v4", d)
        module = module_of(apart + "  store.8 v0, 40, v6\n  exit v7\n")
        assert found(module, content, f"n_{first}_{second}") == expected(module, content), (first, second)


def load(name: str, result: str, base: str, offset: int) -> str:
    size = name[-1]
    if "b" in name:
        return f"  v80 = load.{size} {base}, {offset}\n  {result} = bswap.{8 * int(size)} v80\n"
    return f"  {result} = load.{size} {base}, {offset}\n"


@pytest.mark.parametrize("name", LOADS_THEN)
def test_loads_with_an_operation(name: str) -> None:
    rng = random.Random(name)
    for second in FORMS:
        content = rng.randbytes(MEMORY_BYTES)
        # A load of four bytes is narrow already.
        if second == "zext32" and name != "ld8" and "b" not in name:
            continue
        body = "b0:\n  v3 = loads.4 v0, 0\n" + load(name, "v6", "v0", 17)
        module = module_of(body + operation(second, "v7", "v6", "v3", rng.choice(CONSTANTS)) + "  store.8 v0, 40, v6\n  exit v7\n")
        assert found(module, content, f"{name}_{second}") == expected(module, content), second
        index = "b0:\n  v3 = loads.4 v0, 0\n  v4 = and.64 v3, 15\n  v5 = add.64 v0, v4\n" + load(name, "v6", "v5", 3)
        module = module_of(index + operation(second, "v7", "v6", "v3", rng.choice(CONSTANTS)) + "  store.8 v0, 40, v6\n  exit v7\n")
        assert found(module, content, f"{name}_x_{second}") == expected(module, content), second


ENDS = "b1:\n  v8 = add.64 v6, 1\n  exit v8\nb2:\n  v9 = add.64 v6, 2\n  exit v9\n"


@pytest.mark.parametrize("kind", [kind for kind in CONDITIONS if kind != "ntest"])
@pytest.mark.parametrize("width", [32, 64])
def test_operations_and_loads_with_a_branch(kind: str, width: int) -> None:
    rng = random.Random(f"{kind}{width}")
    for first in (*ALU_BRANCHES, *LOAD_BRANCHES):
        for right in ("v3", 0, 5, (1 << width) - 1):
            if first in LOAD_BRANCHES and right == "v3":
                continue
            content = rng.choice((rng.randbytes(MEMORY_BYTES), bytes(MEMORY_BYTES)))
            body = "b0:\n  v2 = loads.4 v0, 0\n  v3 = loads.4 v0, 8\n"
            body += load(first, "v6", "v0", 3) if first in LOAD_BRANCHES else operation(first, "v6", "v2", "", rng.choice((5, 255)))
            module = module_of(body + f"  if {kind}.{width} v6, {right} then b2() else b1()\n" + ENDS)
            expect = expected(module, content)
            exe = Interpreter().compile(module, Environment())
            assert any(each.startswith(f"br_{first}_") for each in exe.lowered.names()), exe.lowered.names()
            exe.close()
            assert found(module, content) == expect, (first, right)


# ---- loops


def fold_module(
    name: str, how: str, condition: str, *, limit: int, start: int = 0, step: int | None = None, turned: bool = False
) -> Module:
    size = int(name[-1])
    by = size if step is None else step
    loaded = "v80" if "b" in name else "v6"
    body = f"b0:\n  jump b1(5, {start})\nb1(v2, v3):\n  v4 = add.64 v0, v3 #1\n  {loaded} = load.{size} v4, 2 #2\n"
    if "b" in name:
        body += f"  v6 = bswap.{8 * size} v80 #3\n"
    value = "v2"
    for number, kind in enumerate(how.split("_")):
        right = "1099511628211" if kind == "mul64" else "v6"
        body += f"  v1{number} = {kind[:-2]}.{kind[-2:]} {value}, {right} #{4 + number}\n"
        value = f"v1{number}"
    kind, ways = condition[:-2], f"then b1({value}, v20) else b2()"
    if turned:
        kind, ways = {"ne": "eq", "ult": "uge"}[kind], f"then b2() else b1({value}, v20)"
    body += f"  v20 = add.64 v3, {by % (1 << 64)} #6\n  if {kind}.64 v20, {limit} {ways} #7\n"
    return module_of(body + f"b2:\n  v21 = xor.64 {value}, v20 #8\n  exit v21 #9\n")


@pytest.mark.parametrize("how", FOLDS)
@pytest.mark.parametrize("name", LOADS_THEN)
def test_folding_loops(name: str, how: str) -> None:
    rng = random.Random(name + how)
    for condition in FOLD_CONDITIONS:
        for limit, turned in ((40, False), (48, True), (8, False), (56, False), (64, False), (1000, True)):
            content = rng.randbytes(MEMORY_BYTES)
            module = fold_module(name, how, condition, limit=limit, turned=turned)
            assert found(module, content, f"loop_{name}_{how}_{condition}") == expected(module, content), (condition, limit)


@pytest.mark.parametrize("steps", [0, 1, 5, 6, 7, 8, 50, 51, 60, 1000])
def test_folding_loops_count_their_steps(steps: int) -> None:
    module = fold_module("ld1", "add64", "ne64", limit=10)
    content = bytes(range(MEMORY_BYTES))
    exe = Interpreter().compile(module, Environment())
    with NativeMemory(user=content) as memory, exe.bind(memory) as bound:
        # Six instructions a turn (1, 2, 4, 6 and 7 left operations), two behind the loop.
        needed = 10 * 5 + 2
        if steps < needed:
            with pytest.raises(Trap, match="budget"):
                bound.run(steps)
        else:
            assert bound.run(steps).steps == needed


def test_a_folding_loop_of_many_slices_is_right() -> None:
    content = bytes((7 * n + 3) & 255 for n in range(200_000))
    module = fold_module("ld1", "add64", "ne64", limit=len(content) - 2)
    total = (5 + sum(content[2:])) ^ (len(content) - 2)
    assert found(module, content, "loop_ld1_add64_ne64", steps=10_000_000)[0] == total


def test_a_folding_loop_steps_backwards_and_wraps() -> None:
    content = bytes(range(MEMORY_BYTES))
    module = fold_module("ld1", "add64", "ne64", limit=0, start=40, step=-1)
    assert found(module, content, "loop_ld1_add64_ne64") == expected(module, content)
    module = fold_module("ld4", "xor64", "ult64", limit=(1 << 64) - 1, start=0, step=4)
    assert found(module, content, "loop_ld4_xor64_ult64") == expected(module, content) == ("access", USER_BASE + 64 - 2)


@pytest.mark.parametrize("seen", ["v2", "v3"])
def test_a_loop_whose_old_values_are_seen_is_no_fold(seen: str) -> None:
    module = fold_module("ld1", "add64", "ne64", limit=10)
    text = module.functions[0].blocks[-1]
    exit_value = next(param for param in module.functions[0].blocks[1].params if repr(param) == seen)
    text.ops[-1].lhs = exit_value  # type: ignore[attr-defined]
    content = bytes(range(MEMORY_BYTES))
    exe = Interpreter().compile(module, Environment())
    assert not any(name.startswith("loop_") for name in exe.lowered.names())
    assert found(module, content) == expected(module, content)
