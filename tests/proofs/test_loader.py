"""The loaded copies are the product's functions: rewritten or not, at any word size."""

from __future__ import annotations

import itertools
import random
from typing import Any, get_args

import pytest

pytest.importorskip("z3", reason="the rewriting selects by z3 terms where there are any")

from bpfcc.bpfir.semantics import ALU, COMPARE, AluKind, CompareKind, sext, zext
from bpfcc.verifier.domains import scalar
from tests.proofs.loader import MODULES, load

SIGN = 1 << 63


def _numbers(rng: random.Random) -> int:
    return rng.choice(
        (rng.getrandbits(rng.randrange(1, 65)), -rng.randrange(99) & (2 * SIGN - 1), 1 << rng.randrange(64), rng.randrange(300))
    )


def _scalar(module: Any, rng: random.Random) -> Any:
    x, y = sorted((_numbers(rng), _numbers(rng)))
    made = (
        module.const(x),
        module.urange(x, y),
        module.srange(y - 2 * SIGN if y >= SIGN else -1, x - 2 * SIGN if x >= SIGN else x),
        module.tnum(x, y),
        module.TOP,
    )
    return module.join(module.const(x), module.const(y)) if rng.random() < 0.3 else rng.choice(made)


def test_the_rewritten_functions_do_the_same() -> None:
    merged = load(64, 32, 8, merge=True)
    for seed in range(400):
        mine, theirs = random.Random(seed), random.Random(seed)
        for module, rng, results in ((scalar, mine, (ours := [])), (merged.scalar, theirs, (others := []))):
            a, b = _scalar(module, rng), _scalar(module, rng)
            for kind, width in itertools.product(get_args(AluKind), (32, 64)):
                results.append(module.alu(kind, width, a, b).fields())
            for kind, width, holds in itertools.product(get_args(CompareKind), (32, 64), (True, False)):
                pair = module.refine(kind, width, holds, a, b)
                results.append(pair and (pair[0].fields(), pair[1].fields()))
                results.append(module.truth(kind, width, a, b))
            met = module.meet(a, b)
            results.append((module.join(a, b).fields(), met and met.fields(), module.leq(a, b), module.widen(a, b, (16, 1500)).fields()))
            results.append([module.cast(how, bits, 64, a).fields() for how in ("zext", "sext") for bits in (8, 16, 32, 64)])
            results.append([module.bswap(bits, a).fields() for bits in (16, 32, 64)])
        assert ours == others


def test_a_small_copy_is_sound_for_every_operand() -> None:
    """At four bits: all ranges and all known bits, every concrete word; what the proofs show with symbols, by counting."""
    small = load(4, 2, 1).scalar
    words = range(16)
    values = [small.urange(lo, hi) for lo in words for hi in words if lo <= hi]
    values += [small.srange(lo, hi) for lo in range(-8, 8) for hi in range(lo, 8) if lo < 0 <= hi]
    values += [small.tnum(value, mask) for mask in words for value in words if value & mask == 0]
    members = {a: [x for x in words if a.contains(x)] for a in values}
    rng = random.Random(4)
    for a, b in (rng.sample(values, 2) for _ in range(300)):
        pairs = list(itertools.product(members[a], members[b]))
        for kind, width in itertools.product(get_args(AluKind), (2, 4)):
            result = small.alu(kind, width, a, b)
            assert all(result.contains(ALU[kind](width, x, y)) for x, y in pairs), (kind, width, a, b, result)
        for kind, width, holds in itertools.product(get_args(CompareKind), (2, 4), (True, False)):
            left = [pair for pair in pairs if COMPARE[kind](width, *pair) is holds]
            refined = small.refine(kind, width, holds, a, b)
            assert refined is not None or not left
            assert refined is None or all(refined[0].contains(x) and refined[1].contains(y) for x, y in left)
        for bits, width in itertools.product((1, 2, 4), (2, 4)):
            assert all(small.cast("zext", bits, width, a).contains(zext(bits, width, x)) for x in members[a])
            assert all(small.cast("sext", bits, width, a).contains(sext(bits, width, x)) for x in members[a])


def test_word_sizes_are_what_was_asked_for() -> None:
    domain = load(8, 4, 2)
    assert (domain.word.UMAX, domain.word.S32MIN, domain.word.HIGH) == (255, -8, ~15)
    assert tuple(domain.modules) == MODULES
    assert domain.number.TOP.umax == 255
    assert scalar.TOP.umax == 2 * SIGN - 1
