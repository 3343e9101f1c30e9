"""What functions do behind the addresses that they get, and that promoting frames knows it: programs mean what they meant."""

from __future__ import annotations

import random
from typing import Final

import pytest

import bpfcc
from bpfcc.bpfir.effects import CallbackWay, HelperEffects, Touch
from bpfcc.bpfir.function import Module
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.ops import Load
from bpfcc.bpfir.parser import parse_module
from bpfcc.bpfir.passes import callees_first, optimise
from bpfcc.bpfir.printer import print_module
from bpfcc.bpfir.reach import ANYTHING, OPEN_BYTES, Behind, Reach
from bpfcc.errors import Trap
from bpfcc.execution import Executable
from bpfcc.runtime.specs import load_platform

LINUX: Final = load_platform("linux")
EFFECTS: Final = {
    1: HelperEffects(2, reads=(Touch(1, size=4),)),
    2: HelperEffects(3, writes=(Touch(0, size_argument=1),)),
    3: HelperEffects(4, calls_back=True, callback=CallbackWay(1, 2, 1)),
    4: HelperEffects(2, calls_back=True),
}
MAIN: Final = "fn @main(v0) global {\nb0:\n  exit 0\n}\n"


def behind(body: str, *more: str, params: str = "v0, v1", index: int = 0) -> Behind:
    """Of parameter `index` of a function with that body."""
    functions = "".join(each if each.startswith("fn") else f"fn {each}\n" for each in more)
    return Reach(parse_module(f"bpfir 1\n{MAIN}fn @f({params}) static {{\n{body}\n}}\n{functions}"), EFFECTS.get).behind("f", index)


# ---- one function


def test_accesses_at_constant_distances() -> None:
    found = behind("b0:\n  v2 = load.4 v0, 4\n  v3 = add.64 v0, -8\n  store.8 v3, 0, v2\n  v4 = sub.64 v3, 8\n  store.1 v4, 1, 0\n  exit 0")
    assert found == Behind(((4, 4),), ((-8, 8), (-15, 1)))


def test_the_other_parameter_is_another_address() -> None:
    body = "b0:\n  store.8 v1, 0, 5\n  exit 0"
    assert behind(body) == Behind()
    assert behind(body, index=1) == Behind((), ((0, 8),))
    assert behind(body, index=2) == ANYTHING


@pytest.mark.parametrize(
    "body",
    [
        "b0:\n  store.8 v1, 0, v0\n  exit 0",
        "b0:\n  v2 = frame -8\n  store.8 v2, 0, v0\n  exit 0",
        "b0:\n  v2 = add.64 v0, v1\n  v3 = add.64 v2, 4\n  store.8 v1, 0, v3\n  exit 0",
        "b0:\n  v2 = atomic_fetch_xchg.8 v1, 0, v0\n  exit 0",
        "b0:\n  v2 = cmpxchg.8 v1, 0, v0, 0\n  exit 0",
        "b0:\n  v2 = cmpxchg.8 v1, 0, 0, v0\n  exit 0",
        "b0:\n  v2 = callx v1(v0)\n  exit 0",
        "b0:\n  v2 = callx v0()\n  exit 0",
        "b0:\n  v2 = call @f(v0, v1)\n  exit 0",
        "b0:\n  v2 = call helper 4(v0, v1)\n  exit 0",
        "b0:\n  if eq.64 v1, 0 then b1(v0) else b1(v1)\nb1(v2):\n  v3 = assume v2 where ne.64 v2, 0\n  store.8 v1, 0, v3\n  exit 0",
    ],
)
def test_addresses_that_are_kept_or_lost(body: str) -> None:
    assert behind(body) == ANYTHING


def test_an_address_that_is_moved_by_a_variable_may_be_anywhere() -> None:
    assert behind("b0:\n  v2 = add.64 v0, v1\n  store.8 v2, 0, 1\n  exit 0") == Behind((), None)
    assert behind("b0:\n  v2 = and.64 v0, -8\n  v3 = load.8 v2, 0\n  exit v3") == Behind(None, ())
    # Two distances meet.
    text = "b0:\n  v2 = add.64 v0, 8\n  if eq.64 v1, 0 then b1(v0) else b1(v2)\nb1(v3):\n  store.8 v3, 0, 1\n  exit 0"
    assert behind(text) == Behind((), None)
    # Round after round.
    text = "b0:\n  jump b1(v0)\nb1(v2):\n  store.1 v2, 0, 1\n  v3 = add.64 v2, 1\n  if ult.64 v1, 9 then b1(v3) else b2\nb2:\n  exit 0"
    assert behind(text) == Behind((), None)


def test_helpers_touch_what_their_tables_say() -> None:
    assert behind("b0:\n  v2 = call helper 1(v1, v0)\n  v3 = call helper 2(v0, 8, v1)\n  exit 0") == Behind(((0, 4),), ((0, 8),))
    assert behind("b0:\n  v2 = call helper 2(v0, v1, v1)\n  exit 0") == Behind((), ((0, OPEN_BYTES),))
    assert behind("b0:\n  v2 = call helper 99(v0)\n  exit 0") == Behind(None, None)
    # What a helper returns is no address that it got.
    assert behind("b0:\n  v2 = call helper 1(v1, v0)\n  store.8 v2, 0, 1\n  exit 0") == Behind(((0, 4),))


def test_functions_in_functions() -> None:
    inner = "@g(v0) static {\nb0:\n  store.8 v0, 8, 1\n  exit v0\n}"
    assert behind("b0:\n  v2 = add.64 v0, 16\n  v3 = call @g(v2)\n  exit 0", inner) == Behind((), ((24, 8),))
    # It comes back, from wherever.
    assert behind("b0:\n  v2 = call @g(v0)\n  v3 = load.4 v2, 0\n  exit v3", inner) == Behind(None, ((8, 8),))
    assert behind("b0:\n  v2 = call @g(v0)\n  store.8 v1, 0, v2\n  exit 0", inner) == ANYTHING


def test_functions_that_helpers_call() -> None:
    back = "@g(v0, v1) static {\nb0:\n  store.8 v1, 8, 1\n  exit 0\n}"
    keeps = "@g(v0, v1) static {\nb0:\n  store.8 v1, 8, v1\n  exit 0\n}"
    body = "b0:\n  v2 = function @g\n  v3 = call helper 3(4, v2, v0, 0)\n  exit 0"
    assert behind(body, back) == Behind((), ((8, 8),))
    assert behind(body, keeps) == ANYTHING
    assert behind("b0:\n  v3 = call helper 3(4, v1, v0, 0)\n  exit 0", back) == ANYTHING
    # It is no argument that the function gets.
    assert behind("b0:\n  v2 = function @g\n  v3 = call helper 3(v0, v2, v1, 0)\n  exit 0", keeps) == Behind()


def test_callbacks_of_linux_helpers() -> None:
    for name, way in (("loop", CallbackWay(1, 2, 1)), ("for_each_map_elem", CallbackWay(1, 2, 3)), ("timer_set_callback", None)):
        effects = LINUX.effects(LINUX.helper(name).id)
        assert effects is not None
        assert effects.callback == way


def test_callees_come_first() -> None:
    body = "{\nb0:\n  v1 = call @g(v0)\n  v2 = function @h\n  exit 0\n}\nfn @h(v0) static {\nb0:\n  v1 = call @main(v0)\n  exit 0\n}"
    module = parse_module(f"bpfir 1\nfn @main(v0) global {body}\nfn @g(v0) static {{\nb0:\n  exit 0\n}}\n")
    assert [fn.name for fn in callees_first(module)] == ["h", "g", "main"]


# ---- what promoting makes of it


def lifted(text: str) -> Module:
    program = bpfcc.Program.from_bytes(bpfcc.assemble(text), type="xdp")
    return lift(program.bytecode, type="xdp", effects=LINUX.effects, entry_params=1)


def outcome(module: Module) -> object:
    with Executable([module], [module.entry.name], [], program_type="xdp") as exe:
        try:
            return exe.run(bytes(64), steps=100_000).return_value
        except Trap as trap:
            return trap.kind


def test_an_address_that_a_function_left_in_memory_is_one() -> None:
    text = """
        r1 = r10
        r1 += -8
        r2 = r10
        r2 += -16
        call link
        r3 = *(u64 *)(r10 - 16)
        r4 = 1
        *(u64 *)(r10 - 8) = r4
        r4 = 5
        *(u64 *)(r3 + 0) = r4
        r0 = *(u64 *)(r10 - 8)
        exit
    link:
        *(u64 *)(r2 + 0) = r1
        r0 = 0
        exit
    """
    module = lifted(text)
    assert outcome(module) == 5
    optimise(module, LINUX.effects)
    assert outcome(module) == 5


def test_a_slot_that_a_function_cannot_reach_is_promoted() -> None:
    text = """
        *(u64 *)(r10 - 16) = r1
        r2 = 1
        *(u64 *)(r10 - 8) = r2
        r1 = r10
        r1 += -8
        call bump
        r1 = *(u64 *)(r10 - 16)
        r0 = *(u32 *)(r1 + 12)
        exit
    bump:
        *(u64 *)(r10 - 8) = r1
        r3 = *(u64 *)(r10 - 8)
        r2 = *(u64 *)(r3 + 0)
        r2 += 1
        *(u64 *)(r3 + 0) = r2
        exit
    """
    module = lifted(text)
    optimise(module, LINUX.effects)
    # The context comes from the parameter, not from memory.
    (load,) = [op for op in module.entry.ops() if isinstance(op, Load)]
    assert (load.base, load.offset) == (module.entry.params[0], 12)


CALLEES: Final = (
    "*(u64 *)(r1 + {c}) = {n}\nr0 = {n}\nexit",
    "r0 = *(u64 *)(r1 + {c})\nexit",
    "*(u64 *)(r2 + {c}) = r1\nr0 = 0\nexit",
    "r3 = r1\nr3 += {c}\n*(u64 *)(r2 + 0) = r3\nr0 = 1\nexit",
    "r0 = r1\nexit",
    "r0 = r2\nr0 += {c}\nexit",
    "r3 = r1\nr1 = r2\nr2 = r3\ncall {g}\nexit",
    "r1 += {c}\ncall {g}\nexit",
    "r3 = *(u64 *)(r2 + {c})\nr3 &= 8\nr1 += r3\n*(u32 *)(r1 + 0) = {n}\nr0 = 0\nexit",
    "*(u64 *)(r10 - 8) = r1\nr3 = *(u64 *)(r10 - 8)\n*(u16 *)(r3 + {c}) = {n}\nr0 = 3\nexit",
    "r3 = *(u64 *)(r1 + 0)\nif r3 > {n} goto {f}_more\n*(u64 *)(r2 + 0) = r1\n{f}_more:\nr0 = r3\nexit",
    "r3 = 0\n{f}_loop:\n*(u8 *)(r1 + 3) = r3\nr1 += 1\nr3 += 1\nif r3 != 5 goto {f}_loop\nr0 = r3\nexit",
    "r3 = {n}\nlock *(u64 *)(r1 + {c}) += r3\nr0 = 0\nexit",
    "r3 = r1\nr1 = {m}\nr2 = func {f}_back ll\nr4 = 0\ncall 181\nexit\n{f}_back:\n*(u64 *)(r2 + {c}) = r1\nr0 = 0\nexit",
    "r3 = r1\nr1 = {m}\nr2 = func {f}_back ll\nr4 = 0\ncall 181\nexit\n{f}_back:\n*(u64 *)(r2 + 0) = r2\nr0 = 0\nexit",
)
SLOTS: Final = (8, 16, 24, 32)


def random_program(rng: random.Random) -> str:
    """A frame of words, functions that get addresses of them, and accesses through what is left there."""
    count = rng.randrange(1, 5)
    lines = [f"*(u64 *)(r10 - {slot}) = {rng.randrange(40)}" for slot in SLOTS] + ["r6 = 0"]
    for _ in range(rng.randrange(4, 12)):
        slot, other = rng.choice(SLOTS), rng.choice(SLOTS)
        kind = rng.randrange(8)
        if kind in (0, 6, 7):
            lines.append(f"*(u64 *)(r10 - {slot}) = {rng.randrange(40)}")
        elif kind == 1:
            lines += [f"r7 = *(u64 *)(r10 - {slot})", "r6 *= 31", "r6 += r7"]
        if kind in (2, 6, 7):
            lines += [f"r8 = *(u64 *)(r10 - {other})", "if r8 < 4096 goto +1", f"*(u64 *)(r8 + 0) = {rng.randrange(40)}"]
        elif kind in (3, 4, 5):
            lines += ["r1 = r10", f"r1 += -{slot}", "r2 = r10", f"r2 += -{other}", f"call f{rng.randrange(count)}"]
            lines += ["if r0 < 4096 goto +1", f"*(u64 *)(r0 + 0) = {rng.randrange(40)}"] if rng.random() < 0.3 else ["r6 ^= r0"]
    lines += [f"r7 = *(u64 *)(r10 - {slot})\nr6 *= 31\nr6 += r7" for slot in SLOTS] + ["r0 = r6", "exit"]
    for number in range(count):
        text = rng.choice(CALLEES)
        while number + 1 == count and "{g}" in text:
            text = rng.choice(CALLEES)
        values = {"c": rng.choice((0, 0, 8)), "n": rng.randrange(40), "m": rng.randrange(3), "f": f"f{number}", "g": f"f{number + 1}"}
        lines += [f"f{number}:", text.format(**values)]
    return "\n".join(lines)


def compare(seed: int) -> object:
    text = random_program(random.Random(seed))
    module = lifted(text)
    expected = outcome(module)
    optimise(module, LINUX.effects, check_each=True)
    assert outcome(module) == expected, f"seed {seed}\n{text}\n{print_module(module)}"
    return expected


def test_random_programs_mean_what_they_meant() -> None:
    found = [compare(seed) for seed in range(250)]
    assert sum(isinstance(each, int) for each in found) > 100


@pytest.mark.soak
def test_many_random_programs_mean_what_they_meant() -> None:
    for seed in range(1000, 40_000):
        compare(seed)


def test_a_reach_that_keeps_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.bpfir.frame.Pointers._keeps", lambda *_: False)
    with pytest.raises(AssertionError, match="seed"):
        for seed in range(250):
            compare(seed)


def test_a_reach_that_is_too_short_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.bpfir.reach._moved", lambda ranges, _offset: ranges)
    with pytest.raises(AssertionError, match="seed"):
        for seed in range(250):
            compare(seed)
