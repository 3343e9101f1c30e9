"""The list of all claims, and how to run one.

for claim in claims(): print(claim.name, claim.settings)
run(claim, Variant(8, "any"))      raises RefutedError or UnknownError; returns what it took
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, get_args

from bpfcc.bpfir.semantics import AluKind, CompareKind
from tests.proofs import integers, operations
from tests.proofs.claims import REDUCTIONS, Moduli, Setting
from tests.proofs.loader import Changes
from tests.proofs.symbolic import Explorer


class Variant(NamedTuple):
    """At which word size; of which moduli; whether for operands without words too (no exception, well-formed results)."""

    bits: int
    moduli: Moduli = "any"
    total: bool = False

    def __str__(self) -> str:
        return f"{self.bits} bits, moduli {self.moduli}{', total' if self.total else ''}"


class Took(NamedTuple):
    """What a proof took."""

    paths: int
    queries: int
    seconds: float


@dataclass(frozen=True)
class Claim:
    """A function to prove, by the name under which the table lists it, and the settings it is proven in."""

    name: str
    group: str
    prove: Callable[[Setting], None] | None
    variants: tuple[Variant, ...]
    # For all integers, without a setting.
    everywhere: Callable[[], None] | None = None


SMALL, EIGHT, POWERS, WIDE = Variant(4), Variant(8), Variant(8, "powers"), Variant(64, "powers")
TOTAL = Variant(4, total=True)
USUAL = (SMALL, TOTAL, EIGHT, WIDE)
# Products and quotients of 64 bits do not come back.
NARROW = (SMALL, TOTAL, EIGHT)
SHAPES = (("many", "many"), ("many", "const"), ("const", "many"))
WITH_TOP = (*SHAPES, ("top", "many"), ("many", "top"), ("top", "const"), ("const", "top"))


def _short(shapes: tuple[str, str]) -> str:
    return f"{shapes[0]}, {shapes[1]}"


def claims() -> Iterator[Claim]:
    """All of them."""
    for name in REDUCTIONS:
        yield Claim(name, "reduction", partial(operations.prove_reduction, name=name), USUAL)
    yield Claim("combine", "reduction", operations.prove_combination, USUAL)
    yield Claim("constructors", "reduction", operations.prove_constructors, USUAL)
    yield from _arithmetic()
    for name in ("zext_half", "sext_half"):
        yield Claim(name, "cast", partial(operations.prove_extension, name=name), USUAL)
    for kind in ("zext", "sext"):
        for from_part in (8, 4, 2, 1):
            for width_part in (1, 2):
                yield Claim(
                    f"{kind} 1/{from_part} to 1/{width_part}", "cast", partial(_cast, kind, from_part, width_part), (SMALL, EIGHT, WIDE)
                )
    for part in (4, 2, 1):
        yield Claim(f"bswap 1/{part}", "cast", partial(_bswap, part), (SMALL, EIGHT, WIDE))
    yield from _comparisons()
    for shapes in WITH_TOP:
        for side in (0, 1):
            yield Claim(f"join {_short(shapes)}, {side}", "lattice", partial(operations.prove_join, side=side, shapes=shapes), USUAL)
            yield Claim(f"widen {_short(shapes)}, {side}", "lattice", partial(operations.prove_widening, side=side, shapes=shapes), USUAL)
        yield Claim(f"meet {_short(shapes)}", "lattice", partial(operations.prove_meet, shapes=shapes), USUAL)
        yield Claim(f"leq {_short(shapes)}", "lattice", partial(operations.prove_order, shapes=shapes), (SMALL, EIGHT, WIDE))
    yield Claim("thresholds", "lattice", operations.prove_thresholds, (SMALL, EIGHT, WIDE))
    for name in ("join_congruence", "meet_congruence"):
        yield Claim(name, "congruence", partial(operations.prove_common_congruence, name=name), (SMALL, EIGHT, WIDE))
    for name, everywhere in integers.CLAIMS.items():
        yield Claim(name, "congruence", None, (), everywhere)


def _arithmetic() -> Iterator[Claim]:
    for kind in get_args(AluKind):
        wide = kind not in ("mul", "div", "mod", "sdiv", "smod")
        for shapes in WITH_TOP if wide or kind == "mul" else SHAPES:
            if kind == "mul":
                yield Claim(f"mul {_short(shapes)}", "alu", partial(operations.prove_multiplication, shapes=shapes), USUAL)
                if "const" in shapes:
                    small = partial(operations.prove_small_multiplication, shapes=shapes)
                    yield Claim(f"mul {_short(shapes)}, 0 or 1", "alu", small, USUAL)
            else:
                prove = partial(operations.prove_word, kind=kind, shapes=shapes)
                yield Claim(f"{kind} {_short(shapes)}", "alu", prove, USUAL if wide else NARROW)
        yield Claim(f"{kind} of halves", "alu", partial(operations.prove_low, kind=kind), (SMALL, EIGHT, WIDE) if wide else (SMALL, EIGHT))
    for kind in ("add", "sub"):
        for shapes in SHAPES:
            prove = partial(operations.prove_sum_of_halves, kind=kind, shapes=shapes)
            yield Claim(f"{kind}_half {_short(shapes)}", "alu", prove, USUAL)
    for ones in (1, 2, 3):
        yield Claim(f"mul_bits, {ones} ones", "alu", partial(operations.prove_mul_bits, ones=ones), (SMALL, EIGHT, WIDE))
    yield Claim("products", "alu", operations.prove_products, (SMALL,))


def _comparisons() -> Iterator[Claim]:
    for kind in get_args(CompareKind):
        for shapes in SHAPES:
            for width_part in (1, 2):
                for holds in (True, False):
                    name = f"refine {kind} 1/{width_part} {holds}: {_short(shapes)}"
                    yield Claim(name, "refinement", partial(_refine, kind, width_part, holds, shapes), USUAL)
                yield Claim(
                    f"truth {kind} 1/{width_part}: {_short(shapes)}",
                    "refinement",
                    partial(_truth, kind, width_part, shapes),
                    (SMALL, EIGHT, WIDE),
                )


def _cast(kind: str, from_part: int, width_part: int, setting: Setting) -> None:
    from_bits = max(setting.bits // from_part, 1)
    operations.prove_cast(setting, kind, from_bits, setting.bits // width_part)


def _bswap(part: int, setting: Setting) -> None:
    operations.prove_bswap(setting, max(setting.bits // part, setting.byte))


def _refine(kind: str, width_part: int, holds: bool, shapes: tuple[str, str], setting: Setting) -> None:
    operations.prove_refinement(setting, kind, setting.bits // width_part, holds, shapes)


def _truth(kind: str, width_part: int, shapes: tuple[str, str], setting: Setting) -> None:
    operations.prove_truth(setting, kind, setting.bits // width_part, shapes)


def run(claim: Claim, variant: Variant | None, *, timeout_ms: int = 0, change: Changes | None = None) -> Took:
    """Prove a claim in a setting; RefutedError or UnknownError where that fails."""
    start = time.perf_counter()
    if claim.everywhere is not None:
        claim.everywhere()
        return Took(1, 1, time.perf_counter() - start)
    assert variant is not None and claim.prove is not None
    setting = Setting(variant.bits, moduli=variant.moduli, total=variant.total, change=change)
    explorer = Explorer(timeout_ms)
    prove = claim.prove
    explorer.run(lambda: prove(setting))
    return Took(explorer.paths, explorer.checks, time.perf_counter() - start)
