"""What the search is made of: expressions, solving backwards, distances, and runs that agree with the interpreter's."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.cfg import discover_functions
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.module import Bytecode
from bpfcc.bpfir.semantics import ALU, BSWAP, COMPARE, AluKind, CompareKind, sext, zext
from bpfcc.counterexamples.distances import Distances
from bpfcc.counterexamples.expressions import Expression, Lookup, alu, byte_of, cat, evaluate, extend, leaf, lookup, lookups_in, swap
from bpfcc.counterexamples.inputs import LENGTH, Shape
from bpfcc.counterexamples.replaying import replay
from bpfcc.counterexamples.solving import Condition, repair, solve, solve_path, tightened
from bpfcc.counterexamples.tracing import Tracer
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.execution import prepare
from bpfcc.program import Program
from bpfcc.verifier.verdict import Counterexample
from tests.unit.test_counterexamples import assembled, compiled

if TYPE_CHECKING:
    from bpfcc.counterexamples.expressions import Model

ALU_KINDS: tuple[AluKind, ...] = get_args(AluKind)
COMPARE_KINDS: tuple[CompareKind, ...] = get_args(CompareKind)
WORDS = st.one_of(st.integers(0, 255), st.integers(0, (1 << 64) - 1))


def byte(index: int, value: int = 0) -> Expression:
    return leaf(("packet", index), value)


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> Expression:
    """An expression over four bytes of a packet, with the values that it has where the packet is 1, 2, 3, 4."""
    made: Expression | None = None
    while made is None:
        choice = draw(st.integers(0, 5)) if depth else 0
        if choice == 0:
            index = draw(st.integers(0, 3))
            made = byte(index, index + 1)
            continue
        inner = draw(expressions(depth=depth - 1))
        if choice == 1:
            kind, width = draw(st.sampled_from(ALU_KINDS)), draw(st.sampled_from((32, 64)))
            other = draw(st.one_of(WORDS, expressions(depth=depth - 1)))
            value = ALU[kind](width, inner.value, other if isinstance(other, int) else other.value)
            made = alu(kind, width, inner, other, value)
        elif choice == 2:
            bits, width = draw(st.sampled_from((8, 16, 32))), draw(st.sampled_from((32, 64)))
            way = draw(st.sampled_from(("zext", "sext")))
            made = extend(way, bits, width, inner, (zext if way == "zext" else sext)(bits, width, inner.value))  # type: ignore[arg-type]
        elif choice == 3:
            width = draw(st.sampled_from((16, 32, 64)))
            made = swap(width, inner, BSWAP[width](inner.value))
        else:
            parts = [byte_of(inner, i, inner.value >> (8 * i) & 0xFF) if draw(st.booleans()) else i for i in range(draw(st.integers(1, 4)))]
            value = sum((p if isinstance(p, int) else p.value) << (8 * i) for i, p in enumerate(parts))
            made = cat(parts, value) if any(isinstance(p, Expression) for p in parts) else None
    return made


packets = st.lists(st.integers(0, 255), min_size=4, max_size=4).map(lambda found: {("packet", i): v for i, v in enumerate(found)})


@given(expressions(), packets)
def test_an_expression_is_what_it_was_and_stays_below_its_bits(made: Expression, packet: Model) -> None:
    assert evaluate(made, {}, {}) == made.value
    assert evaluate(made, packet, {}) & ~made.may == 0
    assert made.leaves <= {("packet", i) for i in range(4)}


@settings(max_examples=60)
@given(expressions(), st.sampled_from(COMPARE_KINDS), st.sampled_from((32, 64)), WORDS, st.booleans(), packets)
def test_what_solves_a_condition_does(made: Expression, kind: CompareKind, width: int, bound: int, want: bool, packet: Model) -> None:
    condition = Condition(kind, width, made, bound, want)
    for found in solve(condition, packet):
        assert COMPARE[kind](width, evaluate(made, found, {}), bound) == want


@pytest.mark.parametrize("kind", ["add", "sub", "xor", "and", "or", "mul", "lsh", "rsh", "arsh", "div", "mod", "sdiv", "smod"])
@pytest.mark.parametrize("width", [32, 64])
def test_each_operation_is_undone(kind: AluKind, width: int) -> None:
    source = random.Random(kind)
    word = cat([byte(i) for i in range(width // 8)], 0)
    assert word is not None
    for _ in range(20):
        other = source.randrange(1, 13)
        chosen = source.randrange(1 << (width - 4))
        goal = ALU[kind](width, chosen, other)
        made = alu(kind, width, word, other, ALU[kind](width, 0, other))
        assert made is not None
        assert any(True for _ in solve(Condition("eq", 64, made, goal), {}))


@pytest.mark.parametrize(("kind", "bound"), [("eq", 2048), ("ne", 0), ("ult", 5), ("ugt", 40000), ("uge", 8), ("ule", 0), ("test", 0x30)])
def test_a_swapped_port_is_solved(kind: CompareKind, bound: int) -> None:
    port = cat([byte(36), byte(37)], 0)
    assert port is not None
    condition = Condition(kind, 32, swap(16, port, 0), bound)
    found = next(solve(condition, {}))
    assert condition.holds(found)
    assert not condition.negated().holds(found)


def test_a_condition_that_cannot_be_has_no_solution() -> None:
    assert list(solve(Condition("eq", 64, byte(0), 256), {})) == []
    assert list(solve(Condition("ugt", 64, byte(0), 255), {})) == []
    shifted = alu("lsh", 64, byte(0), 4, 0)
    assert shifted is not None
    assert list(solve(Condition("eq", 64, shifted, 0x11), {})) == []


def test_conditions_before_are_repaired() -> None:
    total = alu("add", 64, byte(0, 1), byte(1, 2), 3)
    assert total is not None
    before = [Condition("ult", 64, byte(0, 1), 10), Condition("eq", 64, total, 3)]
    goals = list(solve_path(before, Condition("eq", 64, byte(1, 2), 0), {}, 2))
    assert [broken for _, broken in goals] == [0]
    assert goals[0][0] == {("packet", 0): 3, ("packet", 1): 0}
    found, broken = repair(before, Condition("eq", 64, byte(0, 1), 200), {("packet", 0): 200}, {})
    assert (found, broken) == ({("packet", 0): 200}, 2)


def test_bounds_are_met_exactly() -> None:
    before = [Condition("ugt", 32, byte(0), 4, want=False), Condition("ult", 32, byte(1), 8)]
    assert tightened(before, frozenset({("packet", 0), ("packet", 1)}), {}) == {("packet", 0): 4, ("packet", 1): 7}


def test_lookups_hit_and_miss() -> None:
    made = lookup(Lookup("flows", (byte(0, 5), 0, 0, 0), bytes([5, 0, 0, 0]), 0), 0)
    assert made is not None
    assert next(solve(Condition("ne", 64, made, 0), {})) == {("entry", "flows", bytes([5, 0, 0, 0])): 1}
    assert evaluate(made, {("packet", 0): 6, ("entry", "flows", bytes([5, 0, 0, 0])): 1}, {}) == 0
    array = lookup(Lookup("table", (byte(0, 1), 0, 0, 0), bytes([1, 0, 0, 0]), 4, 0x1000, 16), 0x1010)
    assert array is not None
    assert next(solve(Condition("eq", 64, array, 0), {})) == {("packet", 0): 4}
    assert next(solve(Condition("eq", 64, array, 0x1030), {})) == {("packet", 0): 3}
    both = alu("add", 64, array, 8, 0x1018)
    assert both is not None
    assert lookups_in(both) == [array]


def test_too_large_an_expression_is_a_number() -> None:
    made: Expression | None = byte(0)
    count = 0
    last = byte(0)
    while made is not None:
        last = made
        made = alu("xor", 64, made, byte(count), 0)
        count += 1
        assert count < 1000
    assert count > 50
    assert next(solve(Condition("eq", 64, last, 0x77), {}))


def test_distances_follow_calls_and_returns() -> None:
    text = """
        r6 = r1
        call pc+leaf
        if r0 == 0 goto out
        call pc+middle
        r0 = 1
    out:
        exit
    middle:
        if r1 == 3 goto skip
        call pc+leaf
    skip:
        exit
    leaf:
        r0 = 7
        exit
    """
    code = assemble(text.replace("pc+", ""))
    module = lift(Bytecode(code, discover_functions(decode(code))), type="xdp")
    main, middle, last = module.functions
    far = Distances(module, last, [last.entry])
    assert far.of(last, last.entry) == 0
    assert far.of(main, main.entry) == 1
    assert far.of(middle, middle.entry) == 2
    assert [far.of(main, block) for block in main.blocks if not block.successors()] == [None]
    # A function that is left comes back to its callers.
    back = Distances(module, main, [main.blocks[-1]])
    assert back.of(last, last.entry) is not None


@pytest.mark.parametrize(
    "name", sorted(["no_check", "nested_headers", "index_of_an_array", "map_is_full", "in_a_callback", "by_register", "bytes_loaded"])
)
def test_traced_runs_agree_with_the_interpreter(name: str) -> None:
    program = compiled().program(name)
    shape = Shape(program)
    tracer = Tracer(shape)
    source = random.Random(name)
    for _ in range(25):
        length = source.choice([0, 1, 14, 34, 64, 80])
        model: Model = {("packet", i): source.choice([0, 1, 8, 0x45, 17, 255, source.randrange(256)]) for i in range(length)}
        model |= {("context", i): source.choice([0, 0, 1, 255]) for i in range(200)}
        model[LENGTH] = length
        trace = tracer.run(model)
        made = trace.given
        counterexample = Counterexample(packet=made.packet, data=made.context, context=made.fields)
        trap = replay(program, counterexample)
        assert trace.trap == (None if trap is None else (trap.kind, trap.function, trap.insn))
        if trap is None:
            with prepare(program, checked=True) as exe:
                result = exe.run(packet=made.packet, context=made.fields if made.context is None else made.context)
            assert result.return_value == (trace.returned or 0) & 0xFFFF_FFFF


@pytest.mark.parametrize("name", ["nested_headers", "second_lookup", "global_index", "by_process"])
def test_conditions_of_a_run_hold_in_it(name: str) -> None:
    trace = Tracer(Shape(compiled().program(name))).run({})
    assert trace.events
    assert all(event.condition.holds({}) for event in trace.events)


def test_a_program_of_unknown_type_has_no_inputs() -> None:
    with pytest.raises(UnsupportedError):
        Shape(Program.from_bytes(assemble("exit")))


def test_an_input_that_cannot_be_made_is_refused() -> None:
    shape = Shape(compiled().program("lookup_checked"))
    tracer = Tracer(shape)
    many: Model = {("entry", "flows", number.to_bytes(4, "little")): 1 for number in range(65)}
    from bpfcc.runtime.maps import MapError

    with pytest.raises(MapError):
        tracer.run(many)


def test_endless_runs_are_cut() -> None:
    trace = Tracer(Shape(assembled("l: r0 += 1\ngoto l\nexit")), max_ops=500).run({})
    assert trace.cut
    assert trace.trap is None


@pytest.mark.parametrize("text", ["bytes that are text", [1, 2, 3]])
def test_seeds_that_make_no_sense_are_refused_by_the_replay(text: object) -> None:
    program = compiled().program("global_index")
    with pytest.raises(InputError):
        replay(program, Counterexample(packet=b"", maps={".bss": {"limit": text}}))
