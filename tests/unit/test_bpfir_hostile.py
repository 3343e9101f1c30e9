"""Shapes that no compiler makes: deep nests, wide joins, long chains. Lifting and the passes come to an end and keep the rules."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from bpfcc.bpfir.cfg import discover_functions
from bpfcc.bpfir.check import check
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.module import Bytecode
from bpfcc.bpfir.passes import optimise
from tests.property.programs import insn

COUNT = 3000


def nested_loops() -> list[bytes]:
    return [insn(0x07, 0, 0, 0, 1)] * COUNT + [insn(0x55, 0, 0, -(COUNT + 1 + n), n) for n in range(COUNT)]


def one_join() -> list[bytes]:
    return [insn(0xB7, r) for r in range(10)] + [insn(0x55, n % 10, 0, COUNT - 1 - n) for n in range(COUNT)]


def spills_between_joins() -> list[bytes]:
    out = [insn(0x7A, 10, 0, -8 * (n + 1)) for n in range(60)]
    for n in range(COUNT // 4):
        out += [
            insn(0x7B, 10, 0, -8 * (n % 60 + 1)),
            insn(0x15, 0, 0, 1, n),
            insn(0x07, 0, 0, 0, 1),
            insn(0x79, 0, 10, -8 * (n * 7 % 60 + 1)),
        ]
    return out


def far_stores() -> list[bytes]:
    return [insn(0x7A, 10, 0, -8), *[insn(0x7A, 10, 0, -16)] * COUNT, *[insn(0x79, 0, 10, -8)] * COUNT]


def ladder() -> list[bytes]:
    out = [insn(0x7A, 10, 0, -8)]
    for n in range(COUNT // 3):
        out += [insn(0x15, 0, 0, 1, n), insn(0x7B, 10, 0, -8 * (n % 3 + 2)), insn(0x79, 1 + n % 5, 10, -8)]
    return out


def spaghetti() -> list[bytes]:
    rng = random.Random(1)
    return [
        insn(0x55, rng.randrange(10), 0, rng.randrange(COUNT) - n - 1, rng.randrange(100)) if n % 2 else insn(0x0F, n % 10, n % 7)
        for n in range(COUNT)
    ]


def switch() -> list[bytes]:
    return [insn(0x79, 0, 1, 0)] + [insn(0x15, 0, 0, COUNT - 1 - n, n) for n in range(COUNT)]


def branches_to_the_next() -> list[bytes]:
    return [insn(0x79, 0, 1, 0)] + [insn(0x55, 0, 0, 0, n) for n in range(COUNT)]


@pytest.mark.parametrize(
    "shape",
    [nested_loops, one_join, spills_between_joins, far_stores, ladder, spaghetti, switch, branches_to_the_next],
    ids=lambda f: f.__name__,
)
def test_shape(shape: Callable[[], list[bytes]]) -> None:
    code = b"".join([insn(0xB7, 0), *shape(), insn(0x95)])
    module = lift(Bytecode(code, discover_functions(decode(code))))
    check(module)
    optimise(module)
    check(module)


def test_random_bytes_are_lifted_or_refused() -> None:
    from bpfcc.errors import InputError, UnsupportedError

    rng = random.Random(5)
    good = [0x07, 0x0F, 0xB7, 0xBF, 0x61, 0x63, 0x7B, 0x79, 0x15, 0x2D, 0x05, 0x85, 0x95, 0x18, 0xDB, 0xD7, 0x20, 0x8D, 0x06]
    outcomes = set()
    for _ in range(3000):
        code = b"".join(
            insn(
                rng.choice(good),
                rng.randrange(11),
                rng.choice((0, 0, 1, 2, 10)),
                rng.choice((0, 0, 1, -2, 3)),
                rng.choice((0, 1, 2, 16, -1)),
            )
            for _ in range(rng.randrange(1, 12))
        )
        code += insn(0x95)
        try:
            module = lift(Bytecode(code, discover_functions(decode(code))))
            optimise(module)
            check(module)
            outcomes.add("lifted")
        except (InputError, UnsupportedError) as error:
            outcomes.add(type(error).__name__)
    assert outcomes >= {"lifted", "InputError"}
