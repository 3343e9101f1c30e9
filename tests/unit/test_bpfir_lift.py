"""From bytecode to SSA: the control-flow graph, liveness, and what the lifter makes of them."""

from __future__ import annotations

import pytest

from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.cfg import build_cfg, discover_functions
from bpfcc.bpfir.check import check
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.effects import HelperEffects
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.module import Bytecode, Extern, FunctionSpan, MapSpec
from bpfcc.bpfir.ops import Alu, Assume, Branch, CallFunction, CallIndirect, Exit, FrameAddr, MapAddr, PacketLoad, Undef, Unresolved
from bpfcc.bpfir.printer import print_function
from bpfcc.diagnostics import SourcePosition
from bpfcc.errors import InputError

EFFECTS = {1: HelperEffects(2), 5: HelperEffects(0)}


def bytecode(text: str, **more: object) -> Bytecode:
    code = assemble(text)
    return Bytecode(code, discover_functions(decode(code)), **more)  # type: ignore[arg-type]


def body(text: str, **more: object) -> list[str]:
    """The lines of the entry function's blocks."""
    module = lift(bytecode(text, **more), effects=EFFECTS.get)
    check(module)
    return [line.strip() for line in print_function(module.entry).splitlines()[1:-1]]


def test_constants_and_copies_make_no_operation() -> None:
    assert body("r2 = 7\nr3 = r2\nr0 = r3\nexit") == ["b0 steps 4:", "exit 7 #3"]


def test_a_tested_register_is_renamed_on_both_ways() -> None:
    assert body("r0 = *(u32 *)(r1 + 4)\nif r0 > 9 goto big\nr0 += 1\nexit\nbig: r0 += 2\nexit") == [
        "b0 steps 2:",
        "v1 = load.4 v0, 4 #0",
        "if ugt.64 v1, 9 then b2 else b1 #1",
        "b1 steps 2:",
        "v3 = assume v1 where ule.64 v1, 9 #1",
        "v4 = add.64 v3, 1 #2",
        "exit v4 #3",
        "b2 steps 2:",
        "v2 = assume v1 where ugt.64 v1, 9 #1",
        "v5 = add.64 v2, 2 #4",
        "exit v5 #5",
    ]


def test_every_register_that_holds_the_tested_value_is_renamed() -> None:
    lines = body("r0 = *(u32 *)(r1 + 4)\nr6 = r0\nif r0 > 9 goto out\nr0 += r6\nexit\nout: r0 = 0\nexit")
    assert any(line.startswith("v3 = add.64 v2, v2") for line in lines)


def test_jset_is_negated_where_it_does_not_hold() -> None:
    lines = body("r0 = *(u32 *)(r1 + 4)\nif r0 & 1 goto odd\nexit\nodd: r0 = 0\nexit")
    assert any("where not test.64" in line for line in lines)


def test_a_join_has_parameters_only_for_what_differs() -> None:
    module = lift(bytecode("r6 = *(u32 *)(r1 + 0)\nr7 = 1\nif r6 == 0 goto L\nr7 = 2\nL: r0 = r7\nr0 += r8\nexit"))
    join = module.entry.blocks[-1] if module.entry.blocks[-1].params else next(b for b in module.entry.blocks if b.params)
    assert len(join.params) == 1


def test_a_loop_has_parameters_only_for_what_it_changes() -> None:
    module = lift(bytecode("r6 = *(u32 *)(r1 + 0)\nr0 = 0\nL: r0 += r6\nif r0 < 100 goto L\nexit"))
    check(module)
    header = next(b for b in module.entry.blocks if b.params)
    assert len(header.params) == 1


def test_a_loop_to_the_first_instruction() -> None:
    module = lift(bytecode("r1 += 1\nif r1 < 100 goto -2\nr0 = r1\nexit"))
    check(module)
    assert not module.entry.entry.params
    assert len(module.entry.blocks[1].params) == 1


def test_irreducible_control_flow() -> None:
    module = lift(bytecode("r0 = 0\nif r1 == 0 goto B\nA: r0 += 1\nif r0 > 50 goto out\nB: r0 += 2\nif r0 < 90 goto A\nout: exit"))
    check(module)
    assert sum(len(b.params) for b in module.entry.blocks) >= 2


def test_frame_addresses_follow_the_arithmetic() -> None:
    module = lift(bytecode("r2 = r10\nr2 += -16\nr3 = r2\nr3 += 4\nr0 = *(u32 *)(r3 + 0)\nexit"))
    assert [op.offset for op in module.entry.ops() if isinstance(op, FrameAddr)] == [0, -16, -12]


def test_reading_a_register_that_nothing_wrote() -> None:
    module = lift(bytecode("r0 = r7\nr0 += r7\nexit"))
    undefs = [op for op in module.entry.ops() if isinstance(op, Undef)]
    assert [(op.register, op.insn) for op in undefs] == [(7, 0)]


def test_a_call_forgets_the_argument_registers() -> None:
    module = lift(bytecode("r1 = 1\nr2 = 2\ncall 1\nr0 += r2\nexit"), effects=EFFECTS.get)
    assert [op.register for op in module.entry.ops() if isinstance(op, Undef)] == [2]


def test_a_function_takes_what_is_live_at_its_entry() -> None:
    text = "r1 = 1\nr2 = 2\nr3 = 3\ncall add\nexit\nadd: r0 = r1\ncall inner\nexit\ninner: r0 = r2\nexit"
    module = lift(bytecode(text))
    check(module)
    assert [len(fn.params) for fn in module.functions] == [1, 1, 2] or [len(fn.params) for fn in module.functions] == [1, 2, 2]
    call = next(op for op in module.entry.ops() if isinstance(op, CallFunction))
    assert call.args[0] == 1


def test_arities_grow_through_calls() -> None:
    # `outer` passes r2 on untouched, so it takes two arguments itself.
    text = "r1 = 1\nr2 = 2\ncall outer\nexit\nouter: r1 = 7\ncall inner\nexit\ninner: r0 = r2\nr0 += r1\nexit"
    module = lift(bytecode(text))
    check(module)
    assert [len(fn.params) for fn in module.functions] == [1, 2, 2]


def test_recursion_lifts() -> None:
    module = lift(bytecode("call self_\nexit\nself_: r0 = r3\ncall self_\nexit"))
    check(module)
    assert len(module.functions[1].params) == 3


def test_callx_and_function_addresses() -> None:
    code = assemble("r1 = 5\nr3 = 0 ll\nexit") + assemble("r0 = r1\nexit")
    words = bytearray(code)
    words[8:16] = bytes.fromhex("1843000003000000")  # lddw r3, function at slot 1 + 1 + 3
    words[24:32] = bytes.fromhex("8d03000000000000")
    words[32:40] = bytes.fromhex("9500000000000000")
    words += bytes.fromhex("bf10000000000000") + bytes.fromhex("9500000000000000")
    module = lift(Bytecode(bytes(words), discover_functions(decode(bytes(words)))))
    check(module)
    assert any(isinstance(op, CallIndirect) for op in module.entry.ops())
    assert module.functions[1].name == "sub_5"


def test_maps_and_externs_are_checked_by_number() -> None:
    spec = MapSpec("m", "array", 4, 8, 1)
    code = bytes.fromhex("1811000000000000" + "00" * 8 + "9500000000000000")
    ok = lift(Bytecode(code, discover_functions(decode(code)), maps=(spec,)))
    assert any(isinstance(op, MapAddr) for op in ok.entry.ops())
    with pytest.raises(InputError, match="map number 0 does not exist"):
        lift(Bytecode(code, discover_functions(decode(code))))
    kfunc = bytes.fromhex("8520000001000000" + "9500000000000000")
    with pytest.raises(InputError, match="extern number 1 does not exist"):
        lift(Bytecode(kfunc, discover_functions(decode(kfunc)), externs=(Extern("k", "kfunc"),)))


def test_packet_loads_read_r6() -> None:
    module = lift(bytecode("r6 = r1\nr0 = *(u16 *)skb[12]\nexit"))
    check(module)
    load = next(op for op in module.entry.ops() if isinstance(op, PacketLoad))
    assert load.context is module.entry.params[0]


def test_an_unresolved_instruction_ends_its_block() -> None:
    module = lift(bytecode("r0 = 1\nr0 = 2\nexit", unresolved={1: "no field x"}))
    check(module)
    end = module.entry.blocks[0].terminator
    assert isinstance(end, Unresolved)
    assert end.reason == "no field x"


def test_big_endian_byte_order_operations() -> None:
    little = body("r0 = *(u32 *)(r1 + 0)\nr0 = be32 r0\nexit")
    big = body("r0 = *(u32 *)(r1 + 0)\nr0 = be32 r0\nexit", endian="big")
    assert any("bswap.32" in line for line in little)
    assert any("zext.32.64" in line for line in big)


def test_positions_hold_until_the_next_entry() -> None:
    lines = {0: SourcePosition("a.c", 3), 2: SourcePosition("a.c", 5)}
    module = lift(bytecode("r0 = 1\nr0 += r0\nr0 = 3\nexit", lines=lines))
    assert [str(module.position(n)) for n in (0, 1, 2, 3)] == ["a.c:3", "a.c:3", "a.c:5", "a.c:5"]
    assert module.position(-1) is None


def test_static_functions_of_one_name_get_numbers() -> None:
    code = assemble("call pc+1\nexit\nr0 = 0\nexit")
    spans = (FunctionSpan("f", 0, 2), FunctionSpan("f", 2, 2, linkage="static"))
    assert [fn.name for fn in lift(Bytecode(code, spans)).functions] == ["f", "f.2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("r0 = 0\nr0 += 1", "falls off the end"),
        ("r0 = 0\ngoto +5\nexit", "jump leaves function"),
        ("goto -3\nexit", "jump leaves function"),
        ("if r1 == 0 goto +1\nr0 = 5 ll\nexit", "middle of a 16-byte"),
    ],
)
def test_bad_control_flow(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        lift(bytecode(text))


def test_a_call_into_the_middle_of_a_function() -> None:
    code = assemble("call pc+2\nexit\nr0 = 1\nr0 = 2\nexit")
    with pytest.raises(InputError, match="where no function begins"):
        lift(Bytecode(code, (FunctionSpan("main", 0, 5),)))
    with pytest.raises(InputError, match="is no instruction"):
        discover_functions(decode(assemble("call pc+20\nexit")))


def test_no_code() -> None:
    with pytest.raises(InputError, match="no instructions"):
        lift(Bytecode(b"", (FunctionSpan("main", 0, 0),)))
    with pytest.raises(InputError, match="no instructions"):
        lift(Bytecode(b"", ()))


def test_unreachable_code_is_left_out() -> None:
    insns = decode(assemble("r0 = 0\nexit\nr0 = 1\nexit"))
    cfg = build_cfg(insns, FunctionSpan("main", 0, 4))
    assert [block.start for block in cfg.blocks] == [0]


def test_a_branch_whose_ways_meet_at_once() -> None:
    module = lift(bytecode("r0 = *(u32 *)(r1 + 0)\nif r0 == 3 goto +0\nexit"))
    check(module)
    assert isinstance(module.entry.blocks[0].terminator, Branch)
    assert isinstance(next(b for b in module.entry.blocks if b.params).terminator, Exit)


def test_a_deep_function_needs_no_recursion() -> None:
    text = "".join(f"if r1 == {n} goto out\n" for n in range(5000)) + "out: r0 = 0\nexit"
    module = lift(bytecode(text))
    assert len([op for op in module.entry.ops() if isinstance(op, Assume)]) >= 4999
    assert not [op for op in module.entry.ops() if isinstance(op, Alu)]


def test_a_program_that_calls_its_own_entry() -> None:
    # The entry is lifted twice: as the program, which starts with a context, and as the function that is called with two arguments.
    code = assemble("r0 = r2\nif r2 == 5 goto +2\nr2 = 5\ncall pc-4\nexit")
    module = lift(Bytecode(code, discover_functions(decode(code))))
    check(module)
    assert [(fn.name, len(fn.params)) for fn in module.functions] == [("main", 1), ("main.2", 2)]
    call = next(op for op in module.entry.ops() if isinstance(op, CallFunction))
    assert (call.function, call.args[1]) == ("main.2", 5)


def test_lines_of_one_function_say_nothing_about_another() -> None:
    code = assemble("call pc+1\nexit\nr0 = 1\nr0 += r0\nexit")
    spans = (FunctionSpan("main", 0, 2), FunctionSpan("sub", 2, 3))
    module = lift(Bytecode(code, spans, lines={0: SourcePosition("a.c", 3), 3: SourcePosition("a.c", 9)}))
    assert [str(module.position(n)) for n in range(5)] == ["a.c:3", "a.c:3", "None", "a.c:9", "a.c:9"]
