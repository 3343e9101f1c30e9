"""What an obligation comes down to where facts did not meet it, in a form that a solver can be asked.

    Within(v7, packet, 14, 2)       the two bytes at v7 + 14 lie in the packet, wherever v7 points into it
    NotNumber(v3)                   v3 is an address, and so not null

A check that cannot prove a goal asks `view.suppose(goal)`. Where somebody collects goals the answer is yes, and the check goes on with
what else must hold; the operation is safe if all goals that it collected are true. Everywhere else the answer is no.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Operand
    from bpfcc.verifier.facts import Region


@final
@dataclass(frozen=True, slots=True)
class Within:
    """Where `base` points into `region`, `size` bytes at base + offset lie in [low, high) of it; `high` None: in the packet."""

    base: Operand
    region: Region
    offset: int
    size: Operand
    low: int = 0
    high: int | None = None


@final
@dataclass(frozen=True, slots=True)
class Aligned:
    """Where `base` points into `region`, base + offset is a multiple of `size` bytes from its start."""

    base: Operand
    region: Region
    offset: int
    size: int


@final
@dataclass(frozen=True, slots=True)
class NotIn:
    """`value` is no address in `region`."""

    value: Operand
    region: Region


@final
@dataclass(frozen=True, slots=True)
class NotNumber:
    """`value` is an address."""

    value: Operand


@final
@dataclass(frozen=True, slots=True)
class Written:
    """`value` was written on the path that was taken."""

    value: Operand


@final
@dataclass(frozen=True, slots=True)
class InRange:
    """The low `width` bits of `value` are a number in [low, high]; signed where `low` is negative or `signed` says so."""

    value: Operand
    low: int
    high: int
    width: int = 64
    signed: bool = False


@final
@dataclass(frozen=True, slots=True)
class NeverReached:
    """Nothing comes here."""


Goal = Within | Aligned | NotIn | NotNumber | Written | InRange | NeverReached
