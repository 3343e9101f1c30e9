"""What a run of the interpreter does besides arithmetic: budgets, frames, calls, tail calls, callbacks, maps, threads, traps."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from ctypes import CFUNCTYPE, c_int32, c_uint32, c_uint64, c_void_p

import pytest

from bpfcc.backends.base import ContextLayout, Environment
from bpfcc.backends.interp import Interpreter, InterpreterExecutable
from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.function import Module
from bpfcc.bpfir.parser import parse_module
from bpfcc.diagnostics import SourcePosition
from bpfcc.errors import InternalError, Trap, UnsupportedError
from bpfcc.runtime.library import Run
from tests.back_ends import each_back_end
from tests.interp_harness import NativeMemory, helper_address, lifted, run_raw

back_end = each_back_end(__name__, "tests.interp_harness")
HELPER = CFUNCTYPE(c_uint64, c_uint64, c_uint64, c_uint64, c_uint64, c_uint64, c_void_p)
INVOKE = CFUNCTYPE(c_uint64, c_void_p, c_uint32, c_uint64, c_uint64, c_uint64, c_uint64, c_uint64)
CONTEXT = 0x0200_0000
XDP = ContextLayout(0, 4, 8, 4)


def value(text: str, memory: bytes = b"", *, steps: int = 1_000_000) -> int:
    """r0 of a program in assembler."""
    result, _ = run_raw(assemble(text), memory, optimised=True, steps=steps)
    return result.return_value


def trap(text: str, memory: bytes = b"", *, steps: int = 1_000_000) -> Trap:
    """The trap of a program in assembler."""
    with pytest.raises(Trap) as caught:
        run_raw(assemble(text), memory, optimised=True, steps=steps)
    return caught.value


def compiled(text: str, environment: Environment | None = None) -> InterpreterExecutable:
    """A program in assembler, compiled."""
    return Interpreter().compile(lifted(assemble(text), optimised=True), environment or Environment(helper_address=helper_address))


class PythonHelpers:
    """C functions from Python ones, by id; they get the run's address last."""

    def __init__(self, **helpers: Callable[..., int]) -> None:
        self.functions = {int(name[1:]): HELPER(helper) for name, helper in helpers.items()}

    def address(self, helper: int) -> int:
        found = self.functions.get(helper)
        return ctypes.cast(found, c_void_p).value or 0 if found is not None else 0


# ---- budget and stop


def test_an_endless_loop_spends_its_budget_and_no_more() -> None:
    found = trap("loop: r0 += 1\n goto loop", steps=10_000)
    assert found.kind == "budget"
    result, after = run_raw(assemble(STORING), bytes(8), optimised=True, steps=1_000_000)
    assert (result.return_value, int.from_bytes(after, "little")) == (0, 100_000)


STORING = """
    r3 = 0
loop:
    r3 += 1
    *(u64 *)(r1 + 0) = r3
    if r3 != 100000 goto loop
    r0 = 0
    exit
"""


@pytest.mark.parametrize("steps", [0, 1, 5, 100, 65_535, 65_536, 65_537, 200_000])
def test_no_more_is_stored_than_the_budget_allows(steps: int) -> None:
    exe = compiled(STORING)
    with NativeMemory(user=bytes(8)) as memory:
        with exe.bind(memory) as bound, pytest.raises(Trap) as caught:
            bound.run(steps)
        assert caught.value.kind == "budget"
        assert memory.run.steps_left == 0
        # Three instructions a turn.
        assert max(steps // 3 - 2, 0) <= int.from_bytes(memory.user, "little") <= steps // 3 + 1


def test_an_empty_loop_spends_its_budget() -> None:
    assert trap("loop: goto loop").kind == "budget"
    assert trap("if r2 != 0 goto +1\nloop: goto loop\n exit").kind == "budget"


def test_steps_are_what_was_left_of_the_budget() -> None:
    exe = compiled("r0 = *(u8 *)(r1 + 0)\n r0 *= 3\n r0 += 2\n exit")
    with NativeMemory(user=b"\x05") as memory, exe.bind(memory) as bound:
        result = bound.run(100)
        assert (result.return_value, result.steps) == (17, 4)
        assert memory.run.steps_left == 96
        assert bound.run(4).steps == 4
        with pytest.raises(Trap, match="budget"):
            bound.run(3)


def test_another_thread_can_stop_a_run() -> None:
    exe = compiled("loop: r0 += 1\n goto loop")
    flag = c_int32(0)
    with NativeMemory(user=b"") as memory, exe.bind(memory) as bound:
        memory.run.stop = ctypes.pointer(flag)
        timer = threading.Timer(0.05, lambda: setattr(flag, "value", 1))
        timer.start()
        with pytest.raises(Trap) as caught:
            bound.run(1 << 62)
        timer.join()
    assert caught.value.kind == "stopped"


# ---- frames and calls


def test_recursion_ends_at_eight_frames() -> None:
    deep = "r6 = r1\n call f\n exit\nf: r1 += -1\n if r1 == 0 goto out\n call f\n r0 += 1\nout: exit"
    exe = compiled("r1 = 7\n " + deep)
    with NativeMemory(user=b"") as memory, exe.bind(memory) as bound:
        bound.run()
        assert memory.run.depth == 0
    assert trap("r1 = 8\n " + deep).kind == "stack"


def test_a_frame_is_clean_and_its_own() -> None:
    text = """
        *(u64 *)(r10 - 8) = 1
        call f
        call f
        r1 = *(u64 *)(r10 - 8)
        r0 += r1
        exit
    f:
        r2 = r10
        r2 += -8
        r0 = *(u64 *)(r2 + 0)
        *(u64 *)(r10 - 8) = 100
        exit
    """
    assert value(text) == 1


def test_a_callee_reaches_the_frame_of_its_caller_but_not_the_other_way() -> None:
    assert value("r1 = r10\n r1 += -8\n call f\n r0 = *(u64 *)(r10 - 8)\n exit\nf: *(u64 *)(r1 + 0) = 7\n r0 = 0\n exit") == 7
    escaped = "call f\n r0 = *(u64 *)(r0 + 0)\n exit\nf: r0 = r10\n r0 += -8\n *(u64 *)(r0 + 0) = 7\n exit"
    assert trap(escaped).kind == "access"


@pytest.mark.parametrize("offset", [-520, -513, 0, -4, 1 << 20, -(1 << 20)])
def test_nothing_is_reached_beside_the_frame(offset: int) -> None:
    found = trap(f"r2 = r10\n r3 = {offset}\n r2 += r3\n r0 = *(u64 *)(r2 + 0)\n exit")
    assert found.kind == "access"
    assert (found.insn, found.size) == (3, 8)


def test_a_value_that_is_no_function_is_not_called() -> None:
    for number in (0, 1, 0x0800_0008, 0x0800_0010, 0x0900_0000, -1):
        found = trap(f"r2 = {number} ll\n callx r2\n exit")
        assert found.kind == "call"


def test_function_values_are_called() -> None:
    text = """
    fn @main(v0, v1) global {
    b0:
      v2 = function @twice #0
      v3 = callx v2(v1) #2
      exit v3 #3
    }
    fn @twice(v0) global {
    b0:
      v1 = add.64 v0, v0 #4
      exit v1 #5
    }
    """
    module = parse_module("bpfir 1\n" + text.replace("\n    ", "\n"))
    module.type = "raw"
    with NativeMemory(user=bytes(21)) as memory, Interpreter().compile(module, Environment()).bind(memory) as bound:
        assert bound.run().return_value == 42


# ---- helpers


def test_helpers_get_their_arguments_and_the_run() -> None:
    seen: list[tuple[int, ...]] = []

    def note(*args: int) -> int:
        seen.append(args)
        return 99

    helpers = PythonHelpers(h7=note)
    exe = compiled("r1 = 1\n r2 = 2\n r3 = 3\n r4 = 4\n r5 = 5\n call 7\n exit", Environment(helper_address=helpers.address))
    with NativeMemory(user=b"") as memory, exe.bind(memory) as bound:
        assert bound.run().return_value == 99
        assert seen == [(1, 2, 3, 4, 5, memory.pointer)]


def test_a_helper_that_nobody_has_is_named_when_the_program_is_prepared() -> None:
    environment = Environment(helper_name=lambda helper: f"bpf_nothing_{helper}")
    with pytest.raises(UnsupportedError, match="helper bpf_nothing_4711") as caught:
        compiled("call 4711\n exit", environment)
    assert caught.value.insn == 0


def test_the_trap_of_a_helper_ends_the_run_at_its_call() -> None:
    def fail(*args: int) -> int:
        run = Run.from_address(args[5])
        run.trap, run.trap_address = 5, 77
        return 0

    helpers = PythonHelpers(h7=fail)
    for quiet in (frozenset[int](), frozenset({7})):
        exe = compiled("r0 = 0\n r1 = 1\n call 7\n r0 = 5\n exit", Environment(helper_address=helpers.address, quiet_helpers=quiet))
        with NativeMemory(user=b"") as memory, exe.bind(memory) as bound, pytest.raises(Trap) as caught:
            bound.run()
        assert (caught.value.kind, caught.value.insn, caught.value.address) == ("helper", 2, 77)


def test_memory_that_a_helper_moved_is_looked_up_again() -> None:
    other = (ctypes.c_uint8 * 8)(*b"12345678")

    def move(*args: int) -> int:
        memory.library.bpfcc_run_set_user(args[5], 0, other, 4, 1)
        return 0

    helpers = PythonHelpers(h7=move)
    text = "r6 = r1\n r7 = *(u8 *)(r6 + 0)\n call 7\n r0 = *(u{bits} *)(r6 + 0)\n exit"
    exe = compiled(text.format(bits=8), Environment(helper_address=helpers.address))
    with NativeMemory(user=b"abcdefgh") as memory, exe.bind(memory) as bound:
        assert bound.run().return_value == ord("1")
    exe = compiled(text.format(bits=64), Environment(helper_address=helpers.address))
    with NativeMemory(user=b"abcdefgh") as memory, exe.bind(memory) as bound, pytest.raises(Trap, match="8 bytes"):
        bound.run()


def _callback_module() -> Module:
    text = """bpfir 1
fn @main(v0, v1) global {
b0:
  v2 = frame -8 #0
  store.8 v2, 0, 5 #1
  v3 = function @cb #2
  v4 = call helper 7(v3, v2) #3
  v5 = load.8 v2, 0 #4
  v6 = add.64 v4, v5 #5
  exit v6 #6
}
fn @cb(v0, v1) global {
b0:
  v2 = load.8 v1, 0 #7
  v3 = add.64 v2, v0 #8
  store.8 v1, 0, v3 #9
  exit v3 #10
}
"""
    module = parse_module(text)
    module.type = "raw"
    return module


def test_helpers_call_back() -> None:
    def each(*args: int) -> int:
        run = Run.from_address(args[5])
        invoke = INVOKE(run.invoke)
        index = (args[0] - 0x0800_0000) >> 4
        for number in (10, 20, 30):
            invoke(args[5], index, number, args[1], 0, 0, 0)
        assert run.depth == 0
        return 1000

    helpers = PythonHelpers(h7=each)
    exe = Interpreter().compile(_callback_module(), Environment(helper_address=helpers.address))
    with NativeMemory(user=b"") as memory, exe.bind(memory) as bound:
        result = bound.run(1000)
        assert result.return_value == 1000 + 5 + 60
        assert result.steps == 7 + 3 * 4


def test_a_trap_in_a_callback_is_the_callbacks() -> None:
    def each(*args: int) -> int:
        invoke = INVOKE(Run.from_address(args[5]).invoke)
        invoke(args[5], 1, 1, 0xDEAD, 0, 0, 0)
        assert invoke(args[5], 1, 1, args[1], 0, 0, 0) == 0, "nothing runs after a trap"
        return 0

    helpers = PythonHelpers(h7=each)
    exe = Interpreter().compile(_callback_module(), Environment(helper_address=helpers.address))
    with NativeMemory(user=b"") as memory, exe.bind(memory) as bound, pytest.raises(Trap) as caught:
        bound.run()
    assert (caught.value.kind, caught.value.function, caught.value.insn, caught.value.address) == ("access", "cb", 7, 0xDEAD)


@pytest.mark.parametrize(("index", "depth"), [(99, 1), (1, 8)])
def test_bad_callbacks_trap(index: int, depth: int) -> None:
    def each(*args: int) -> int:
        run = Run.from_address(args[5])
        run.depth = depth - 1
        return int(INVOKE(run.invoke)(args[5], index, 1, args[1], 0, 0, 0))

    helpers = PythonHelpers(h7=each)
    exe = Interpreter().compile(_callback_module(), Environment(helper_address=helpers.address))
    with NativeMemory(user=b"") as memory, exe.bind(memory) as bound, pytest.raises(Trap) as caught:
        bound.run()
    assert caught.value.kind == ("call" if index == 99 else "stack")


# ---- tail calls


def _tail_helpers(target: int) -> PythonHelpers:
    def tail_call(*args: int) -> int:
        Run.from_address(args[5]).tail_target = target
        return 0

    return PythonHelpers(h12=tail_call)


FIRST = "r6 = r1\n *(u64 *)(r10 - 8) = 77\n r2 = 0\n r3 = 0\n call 12\n r0 = 1\n exit"


def test_a_tail_call_enters_another_program_with_a_clean_frame() -> None:
    environment = Environment(helper_address=_tail_helpers(1).address)
    helpers = _tail_helpers(1)
    environment = Environment(helper_address=helpers.address)
    second = compiled("r0 = *(u64 *)(r10 - 8)\n r2 = *(u8 *)(r1 + 0)\n r0 += r2\n exit", environment)
    first = compiled(FIRST, environment)
    first.link([first, second])
    with NativeMemory(user=b"\x09") as memory, first.bind(memory) as bound:
        assert bound.run().return_value == 9
        assert bound.run().return_value == 9, "the entry is the first program again"


def test_a_tail_call_of_a_subprogram_returns_to_its_caller() -> None:
    helpers = _tail_helpers(1)
    environment = Environment(helper_address=helpers.address)
    second = compiled("r0 = 40\n exit", environment)
    first = compiled("call f\n r0 += 2\n exit\nf: r2 = 0\n r3 = 0\n call 12\n r0 = 1\n exit", environment)
    first.link([first, second])
    with NativeMemory(user=b"") as memory, first.bind(memory) as bound:
        assert bound.run().return_value == 42


def test_a_tail_call_that_fails_goes_on() -> None:
    helpers = _tail_helpers(-1)
    exe = compiled(FIRST, Environment(helper_address=helpers.address))
    with NativeMemory(user=b"") as memory, exe.bind(memory) as bound:
        assert bound.run().return_value == 1


@pytest.mark.parametrize("target", [1, 2, 1 << 30])
def test_a_tail_call_to_nothing_traps(target: int) -> None:
    helpers = _tail_helpers(target)
    exe = compiled(FIRST, Environment(helper_address=helpers.address))
    exe.link([exe, None])
    with NativeMemory(user=b"") as memory, exe.bind(memory) as bound, pytest.raises(Trap) as caught:
        bound.run()
    assert caught.value.kind == "call"


def test_a_trap_behind_a_tail_call_is_the_other_programs() -> None:
    helpers = _tail_helpers(1)
    environment = Environment(helper_address=helpers.address)
    second = compiled("r2 = 0\n r0 = *(u8 *)(r2 + 0)\n exit", environment)
    second.module.functions[0].name = second.module.entry.name
    first = compiled(FIRST, environment)
    first.link([None, second])
    with NativeMemory(user=b"") as memory, first.bind(memory) as bound, pytest.raises(Trap) as caught:
        bound.run()
    assert (caught.value.kind, caught.value.insn) == ("access", 1)


def test_code_of_the_other_mode_is_not_linked() -> None:
    checked, unchecked = compiled("r0 = 0\n exit"), compiled("r0 = 0\n exit", Environment(checked=False))
    with pytest.raises(UnsupportedError, match="tail calls between back ends"):
        checked.link([unchecked])


# ---- memory


ADDRESSES = [0, 1, 0xFFFF, 0x0100_0000, 0x01FF_FFFF, 0x0200_0000, 0x0400_0010, 0x0600_0010, 0x0600_000D, 0x0800_0000, 0x1000_0000]
WIDE = [0xFFFF_FFFF, 1 << 32, (1 << 32) + 0x0600_0000, 1 << 63, (1 << 64) - 1, (1 << 64) - 8]


@pytest.mark.parametrize("address", ADDRESSES + WIDE)
@pytest.mark.parametrize("store", [False, True])
def test_addresses_outside_of_everything_trap(address: int, store: bool) -> None:
    access = "*(u32 *)(r2 + 0) = 1" if store else "r0 = *(u32 *)(r2 + 0)"
    found = trap(f"r0 = *(u8 *)(r1 + 0)\n r2 = {address} ll\n {access}\n exit", bytes(16))
    assert (found.kind, found.address, found.size, found.insn) == ("access", address, 4, 3)


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_the_last_bytes_of_a_region_are_reached_and_no_further(size: int) -> None:
    memory = bytes(range(1, 14))
    for offset in range(13 + 2):
        text = f"r3 = {offset}\n r1 += r3\n r0 = *(u{8 * size} *)(r1 + 0)\n exit"
        if offset + size <= len(memory):
            assert value(text, memory) == int.from_bytes(memory[offset : offset + size], "little")
        else:
            assert trap(text, memory).kind == "access"


def test_one_address_register_reaches_regions_one_after_the_other() -> None:
    text = (
        "r2 = r10\n r2 += -8\n *(u64 *)(r10 - 8) = 5\n r3 = r1\n r4 = 0\nloop: r5 = *(u8 *)(r3 + 0)\n r0 += r5\n"
        " r3 = r2\n r4 += 1\n if r4 != 4 goto loop\n exit"
    )
    assert value("r0 = 0\n " + text, b"\x07") == 7 + 15


def test_read_only_bytes_of_a_context_trap() -> None:
    module = lifted(assemble("r0 = *(u32 *)(r1 + {})\n exit".replace("{}", "4")), optimised=True, type="xdp")
    exe = Interpreter().compile(module, Environment())
    for readable, good in ((b"\xf0", True), (b"\x0f", False), (b"\x70", False)):
        with NativeMemory() as memory, exe.bind(memory) as bound:
            mask = ctypes.create_string_buffer(readable)
            memory.library.bpfcc_run_set_context(memory.pointer, bytes(range(8)), 8, mask, None)
            if good:
                assert bound.run().return_value == 0x07060504
            else:
                with pytest.raises(Trap, match="4 bytes"):
                    bound.run()


@pytest.mark.parametrize("offset", [1, 2, 4, 7])
def test_misaligned_atomics_trap(offset: int) -> None:
    found = trap(f"r2 = 1\n lock *(u64 *)(r1 + {offset}) += r2\n exit", bytes(16))
    assert (found.kind, found.insn, found.size) == ("misaligned", 1, 8)


def test_a_trap_knows_its_source_line() -> None:
    module = lifted(assemble("r0 = 1\n r2 = 0\n r0 = *(u8 *)(r2 + 0)\n exit"), optimised=True)
    module.lines = {0: SourcePosition("a.c", 1), 2: SourcePosition("a.c", 7, 3)}
    exe = Interpreter().compile(module, Environment())
    with NativeMemory(user=b"") as memory, exe.bind(memory) as bound, pytest.raises(Trap) as caught:
        bound.run()
    assert str(caught.value.position) == "a.c:7:3"


def test_an_unresolved_instruction_traps() -> None:
    module = parse_module('bpfir 1\nfn @main(v0) global {\nb0:\n  unresolved "no field" #4\n}\n')
    exe = Interpreter().compile(module, Environment())
    with NativeMemory(context=bytes(8)) as memory, exe.bind(memory) as bound, pytest.raises(Trap) as caught:
        bound.run()
    assert (caught.value.kind, caught.value.insn) == ("unresolved", 4)


@pytest.mark.parametrize("offset", [-0x1000, -0x1000 + 60])
def test_ancillary_data_of_classic_filters_is_refused(offset: int) -> None:
    with pytest.raises(UnsupportedError, match="ancillary"):
        compiled(f"r6 = r1\n r0 = *(u32 *)skb[{offset}]\n exit")


# ---- life


def test_closed_code_is_not_bound() -> None:
    exe = compiled("r0 = 0\n exit")
    exe.close()
    exe.close()
    with NativeMemory(user=b"") as memory, pytest.raises(InternalError, match="is closed"):
        exe.bind(memory)


# ---- threads


def test_threads_share_code() -> None:
    text = (
        "r0 = 0\n r3 = 0\nloop: r4 = r1\n r4 += r3\n r5 = *(u8 *)(r4 + 0)\n r0 += r5\n r0 ^= r3\n r3 += 1\n if r3 != 200 goto loop\n exit"
    )
    exe = compiled(text)
    wrong: list[int] = []

    def expected(content: bytes) -> int:
        total = 0
        for index, byte in enumerate(content):
            total = (total + byte) ^ index
        return total

    def work(seed: int) -> None:
        content = bytes((seed * 31 + 7 * n) & 255 for n in range(200))
        with NativeMemory(user=content) as memory, exe.bind(memory) as bound:
            for _ in range(300):
                found = bound.run().return_value
                if found != expected(content):
                    wrong.append(found)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_big_endian_programs_are_not_run() -> None:
    module = parse_module("bpfir 1\nendian big\nfn @f(v0) global {\nb0:\n  exit 0\n}\n")
    with pytest.raises(UnsupportedError, match="big-endian"):
        Interpreter().compile(module, Environment())
