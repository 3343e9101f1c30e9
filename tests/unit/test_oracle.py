"""What the oracle does besides arithmetic: environment, frames, traps."""

from __future__ import annotations

import pytest

from bpfcc.bpfir.assembler import assemble
from bpfcc.errors import InputError, Trap
from tests.oracle import CONTEXT_BASE, FUNCTION_BASE, MAP_HANDLE_BASE, PACKET_BASE, STACK_BASE, Layout, Machine, Memory, Region, run


def test_helpers_get_arguments_and_scratch_the_rest() -> None:
    seen: list[tuple[int, ...]] = []

    def helper(_machine: Machine, *arguments: int) -> int:
        seen.append(arguments)
        return -1

    text = "r1 = 1\nr2 = 2\nr3 = 3\nr4 = 4\nr5 = 5\nr6 = 6\ncall 9\nr6 += r1\nr6 += r5\nr7 = r0\ncall extern[3]\nr0 = r7\nr0 += r6\nexit"
    result = run(assemble(text), helpers={9: helper}, kfuncs={3: helper})
    assert seen == [(1, 2, 3, 4, 5), (0, 0, 0, 0, 0)]
    assert result.return_value == 5
    assert result.steps == 14
    assert run(assemble("call 9\nr0 = r3\nexit"), helpers={9: helper}, scratch=77).return_value == 77


def test_helpers_use_memory() -> None:
    def write(machine: Machine, target: int, size: int, *_: int) -> int:
        machine.memory.write(target, bytes(range(1, size + 1)))
        return machine.memory.load(target, 2)

    result = run(assemble("r1 = r10\nr1 += -8\nr2 = 8\ncall 1\nr1 = *(u64 *)(r10 - 8)\nr0 += r1\nexit"), helpers={1: write})
    assert result.return_value == 0x0807060504030201 + 0x0201


def test_callbacks() -> None:
    def loop(machine: Machine, count: int, function: int, context: int, *_: int) -> int:
        for index in range(count):
            if machine.invoke(function, index, context):
                return index + 1
        return count

    text = """
        *(u64 *)(r10 - 8) = 0
        r6 = 1000
        r1 = 10
        r2 = func body ll
        r3 = r10
        r3 += -8
        r4 = 0
        call 181
        r6 += r0
        r0 = *(u64 *)(r10 - 8)
        r0 += r6
        exit
    body:
        r3 = *(u64 *)(r2 + 0)
        r3 += r1
        *(u64 *)(r2 + 0) = r3
        r6 = 5
        r0 = 0
        if r1 < 4 goto done
        r0 = 1
    done:
        exit
    """
    assert run(assemble(text), helpers={181: loop}).return_value == 1000 + 5 + (0 + 1 + 2 + 3 + 4)
    trap = run(assemble(text.replace("r0 = 0", "r0 = *(u8 *)(r2 + 8)")), helpers={181: loop}).trap
    assert trap is not None
    assert (trap.kind, trap.insn) == ("access", 17)


def test_pseudo_addresses() -> None:
    def value(text: str) -> int | None:
        return run(assemble(text + "\nexit"), map_values=[0x1000_0000, 0x1100_0000], externs=[5, 6]).return_value

    assert value("r0 = map[1] ll") == MAP_HANDLE_BASE + 16
    assert value("r0 = map_idx[1] ll") == MAP_HANDLE_BASE + 16
    assert value("r0 = map_value[1] + 8 ll") == 0x1100_0008
    assert value("r0 = map_idx_value[0] + 4 ll") == 0x1000_0004
    assert value("r0 = extern[1] ll") == 6
    assert value("r0 = func f ll\nexit\nf: r0 = 0") == FUNCTION_BASE + 16
    assert run(assemble("r0 = map[0] ll\nexit"), map_handles=[123]).return_value == 123
    assert run(assemble("r0 = func f ll\nexit\nf: exit"), functions=[3, 0]).return_value == FUNCTION_BASE


def test_frames_have_fixed_addresses_and_start_as_zeroes() -> None:
    text = """
        *(u64 *)(r10 - 8) = 1
        call f
        r6 = r0
        call f
        r0 += r6
        exit
    f:
        r0 = *(u64 *)(r10 - 8)
        *(u64 *)(r10 - 8) = 1000
        r0 += r10
        exit
    """
    assert run(assemble(text)).return_value == 2 * (STACK_BASE + 7 * 512)
    assert run(assemble("r0 = r10\nexit")).return_value == STACK_BASE + 8 * 512
    other = Layout(stack_base=0x5000, frame_bytes=64, max_frames=2)
    assert run(assemble("r0 = r10\nexit"), layout=other).return_value == 0x5000 + 128
    trap = run(assemble("call f\nexit\nf: call g\nexit\ng: exit"), layout=other).trap
    assert trap is not None
    assert trap.kind == "stack"


def test_a_callees_frame_is_gone_after_its_exit() -> None:
    trap = run(assemble("call f\nr0 = *(u8 *)(r0 - 1)\nexit\nf: r0 = r10\nexit")).trap
    assert trap is not None
    assert (trap.kind, trap.insn, trap.address, trap.size) == ("access", 1, STACK_BASE + 7 * 512 - 1, 1)


def test_read_only_regions() -> None:
    memory = Memory([Region("rodata", PACKET_BASE, b"abcd", writable=False)])
    code = assemble("r0 = *(u32 *)(r1 + 0)\n*(u8 *)(r1 + 0) = 0\nexit")
    result = run(code, regs={1: PACKET_BASE}, memory=memory)
    assert result.trap is not None
    assert result.trap.kind == "access"
    assert result.trap.insn == 1
    assert "read-only" in str(result.trap)
    assert result.registers[0] == int.from_bytes(b"abcd", "little")
    assert bytes(memory["rodata"].data) == b"abcd"


def test_an_access_may_not_span_two_regions() -> None:
    memory = Memory([Region("low", CONTEXT_BASE, bytes(4)), Region("high", CONTEXT_BASE + 4, bytes(4))])
    code = assemble("r0 = *(u64 *)(r1 + 0)\nexit")
    assert run(code, regs={1: CONTEXT_BASE}, memory=memory).trap is not None


def test_the_budget_is_exact() -> None:
    code = assemble("r0 = 1\nr0 += 1\nexit")
    assert run(code, budget=3).return_value == 2
    trap = run(code, budget=2).trap
    assert trap is not None
    assert (trap.kind, trap.insn) == ("budget", 2)


@pytest.mark.parametrize(
    ("text", "kind", "insn"),
    [
        ("call 99\nexit", "helper", 0),
        ("r0 = *(u8 *)skb[0]\nexit", "packet", 0),
        ("goto +1\nr0 = 1 ll\nexit", "jump", 2),
        ("goto +5\nexit", "jump", 6),
        ("goto -3\nexit", "jump", -2),
        ("r0 = 1", "jump", 1),
    ],
)
def test_traps(text: str, kind: str, insn: int) -> None:
    trap = run(assemble(text)).trap
    assert trap is not None
    assert (trap.kind, trap.insn) == (kind, insn)


def test_a_helper_may_trap() -> None:
    def helper(_machine: Machine, *_: int) -> int:
        raise Trap("no lock is held", kind="reference")

    trap = run(assemble("r0 = 0\ncall 94\nexit"), helpers={94: helper}).trap
    assert trap is not None
    assert (trap.kind, trap.insn) == ("reference", 1)


def test_malformed_code_is_input_error() -> None:
    with pytest.raises(InputError):
        run(bytes.fromhex("ff00000000000000"))
