"""Lowering: the tables are total, moves of an edge happen at once, nothing takes longer than linear time."""

from __future__ import annotations

import random
import time

import pytest

from bpfcc.backends.base import Environment
from bpfcc.backends.interp import Interpreter
from bpfcc.backends.interp.emit import NEGATED, negated
from bpfcc.backends.interp.formats import handler_table
from bpfcc.backends.interp.library import handlers, interpreter
from bpfcc.backends.interp.lower import lower
from bpfcc.backends.interp.operations import HANDLERS
from bpfcc.bpfir.function import Function, Module
from bpfcc.bpfir.ops import OPERATIONS, TERMINATORS, Alu, Assume, Edge, Exit, Jump, Load, Operand, Value
from bpfcc.bpfir.parser import parse_module
from bpfcc.bpfir.semantics import COMPARE
from bpfcc.errors import InternalError, UnsupportedError
from tests.interp_harness import NativeMemory


def run(text: str, memory: bytes = b"") -> int:
    """r0 of a module of type `raw`."""
    module = parse_module("bpfir 1\n" + text)
    module.type = "raw"
    exe = Interpreter().compile(module, Environment())
    with NativeMemory(user=memory) as native_memory, exe.bind(native_memory) as bound:
        return bound.run().return_value


# ---- tables


def test_every_operation_is_lowered() -> None:
    assert set(HANDLERS) == set(OPERATIONS) - set(TERMINATORS) - {Assume}


def test_a_library_without_a_handler_is_refused() -> None:
    names = interpreter().bpfcc_interp_handlers().decode()
    assert handler_table(names)["add64"].number == handlers()["add64"].number
    with pytest.raises(InternalError, match="no handler add64: it is older"):
        handler_table(names.replace("add64\n", "", 1))


def test_every_handler_takes_whole_words() -> None:
    for name, handler in handlers().items():
        assert handler.packer.size == 16 * handler.words, name


def test_a_library_without_fused_handlers_will_do() -> None:
    names = [name for name in interpreter().bpfcc_interp_handlers().decode().split() if name[:2] not in ("p_", "n_")]
    assert "p_add64_add64" not in handler_table("\n".join(names))


def test_words_that_name_no_handler_are_refused() -> None:
    module = parse_module("bpfir 1\nfn @main(v0) global {\nb0:\n  exit 0\n}\n")
    table = dict(handlers())
    lowered = lower(module, Environment())
    bad = lowered._replace(words=(len(table) + 10_000).to_bytes(8, "little") + lowered.words[8:])
    from bpfcc.backends.interp import InterpreterExecutable

    with pytest.raises(InternalError, match="refused the code"):
        InterpreterExecutable(module, bad, checked=True)


def test_a_branch_can_be_turned_around() -> None:
    assert negated("ult64i") == "uge64i"
    assert negated("add64i_ne64") == "add64i_eq64"
    assert negated("ld1_test32i") == "ld1_ntest32i"
    for kind, other in NEGATED.items():
        assert NEGATED[other] == kind
        if kind in COMPARE and other in COMPARE:
            for left, right in ((0, 0), (1, 2), (2, 1), ((1 << 64) - 1, 1)):
                assert COMPARE[kind](64, left, right) is not COMPARE[other](64, left, right)


def test_a_renaming_that_reaches_selection_would_be_seen() -> None:
    assert Assume not in HANDLERS


# ---- moves


@pytest.mark.parametrize("seed", range(40))
def test_arguments_of_an_edge_are_passed_at_once(seed: int) -> None:
    """A loop whose back edge permutes, repeats and replaces its parameters at random."""
    rng = random.Random(seed)
    count = rng.randrange(2, 9)
    sources: list[int | None] = [rng.choice([*range(count), None]) for _ in range(count)]
    if seed % 2:
        sources = list(rng.sample(range(count), count))
    turns = rng.randrange(1, 6)
    values = [rng.randrange(1 << 64) for _ in range(count)]
    constants = [rng.randrange(1 << rng.choice((8, 31, 64))) for _ in range(count)]
    params = ", ".join(f"v{10 + n}" for n in range(count))
    back = ", ".join(str(constants[n]) if source is None else f"v{10 + source}" for n, source in enumerate(sources))
    text = f"fn @main(v0, v1) global {{\nb0:\n  jump b1(0, {', '.join(map(str, values))})\nb1(v2, {params}):\n  v3 = add.64 v2, 1\n"
    text += f"  if ne.64 v3, {turns} then b1(v3, {back}) else b2()\nb2:\n  v50 = mul.64 v10, 1\n"
    for n in range(1, count):
        text += f"  v{50 + 2 * n - 1} = mul.64 v{50 + 2 * (n - 1)}, 31\n  v{50 + 2 * n} = xor.64 v{50 + 2 * n - 1}, v{10 + n}\n"
    for _ in range(turns - 1):
        values = [constants[n] if source is None else values[source] for n, source in enumerate(sources)]
    expected = values[0]
    for other in values[1:]:
        expected = (expected * 31 % (1 << 64)) ^ other
    assert run(text + f"  exit v{50 + 2 * (count - 1)}\n}}\n") == expected


# ---- time


def _chain_of_jumps(count: int) -> Module:
    fn = Function("main")
    fn.params.append(fn.new_value())
    for _ in range(count + 1):
        fn.new_block()
    for block, following in zip(fn.blocks, fn.blocks[1:], strict=False):
        block.terminator = Jump(Edge(following, []))
    fn.blocks[-1].terminator = Exit(0)
    return Module([fn])


def _chain_of_sums(count: int) -> Module:
    fn = Function("main")
    base = fn.new_value()
    fn.params.append(base)
    block = fn.new_block()
    total: Operand = 0
    for _ in range(count):
        following, loaded, added = fn.new_value(), fn.new_value(), fn.new_value()
        block.ops += [Alu(following, "add", 64, base, 1), Load(loaded, False, 1, following, 0), Alu(added, "add", 64, total, loaded)]
        base, total = following, added
    block.terminator = Exit(total)
    return Module([fn])


def _many_values(count: int) -> Module:
    fn = Function("main")
    base = fn.new_value()
    fn.params.append(base)
    block = fn.new_block()
    values: list[Value] = []
    for index in range(count):
        values.append(fn.new_value())
        block.ops.append(Load(values[-1], False, 8, base, index % 64))
    total: Operand = 0
    for value in values:
        added = fn.new_value()
        block.ops.append(Alu(added, "xor", 64, total, value))
        total = added
    block.terminator = Exit(total)
    return Module([fn])


@pytest.mark.parametrize("make", [_chain_of_jumps, _chain_of_sums, _many_values])
def test_time_is_linear(make: object) -> None:
    assert callable(make)
    times = []
    for count in (1_000, 8_000):
        module = make(count)
        start = time.process_time()
        lower(module, Environment())
        times.append(time.process_time() - start)
    # Eight times the size; a quadratic step would take sixty-four times as long.
    assert times[1] < 30 * max(times[0], 0.001), times


def test_more_values_than_registers_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="65,000 values"):
        lower(_many_values(66_000), Environment())


def test_origins_lead_back_to_functions_and_instructions() -> None:
    text = "bpfir 1\nfn @main(v0) global {\nb0:\n  v1 = call @other(v0) #3\n  exit v1 #4\n}\nfn @other(v0) global {\nb0:\n  exit 7 #9\n}\n"
    lowered = lower(parse_module(text), Environment())
    assert lowered.place(0) == ("main", 3)
    assert lowered.place(lowered.functions[1].entry) == ("other", 9)
    assert lowered.place(1 << 20)[1] == -1
