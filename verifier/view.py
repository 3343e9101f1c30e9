"""What one stage knows at one place: facts of values, the state there, and what can be proven from both.

    view.known(v3)                      packet+[14, 94]
    view.at_least_zero(sum)             end - v3 - 8 >= 0 ?

The first stage looks with the facts of the whole function, the second with those of one path: the checks are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.bpfir.ops import Assume, Operand, Value
from bpfcc.verifier.facts import Fact, join
from bpfcc.verifier.linear import MAX_TERMS, Linear, Sum, add

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.flow import State
    from bpfcc.verifier.goals import Goal
    from bpfcc.verifier.unit import Unit

# A goal and two facts have at most 18 terms with coefficients of at most 2**15: times this, that is below 2**61. Together with a
# constant of 63 bits no sum comes near 2**64, so that an integer that is congruent to a small one and not negative is that one.
FAR: Final = 1 << 40
MAX_RENAMES: Final = 200
NO_ALIASES: Final[Mapping[Any, Operand]] = {}
NO_GOALS: Final[frozenset[Goal]] = frozenset()


@final
class View:
    """Facts and state; `linear` numbers the symbols of the function."""

    __slots__ = ("aliases", "granted", "known", "linear", "state", "supposed", "unit")

    def __init__(
        self,
        unit: Unit,
        known: Callable[[Operand], Scalar | Fact],
        state: State,
        linear: Linear,
        aliases: Mapping[Any, Operand] = NO_ALIASES,
    ) -> None:
        # On one path a parameter is its argument.
        self.aliases = aliases
        self.unit = unit
        self.known = known
        self.state = state
        self.linear = linear
        # Goals that are supposed to hold (see `bpfcc.verifier.goals`), None: nothing is; and goals that do hold.
        self.supposed: list[Goal] | None = None
        self.granted: frozenset[Goal] = NO_GOALS

    @property
    def supposes(self) -> bool:
        """Whether it is worth naming a goal."""
        return self.supposed is not None or bool(self.granted)

    def suppose(self, goal: Goal) -> bool:
        """Whether the check may go on as if the goal held."""
        if self.supposed is None:
            return goal in self.granted
        if goal not in self.supposed:
            self.supposed.append(goal)
        return True

    def origin(self, operand: Operand) -> Operand:
        """Where the value comes from on this path: renamings and parameters are followed."""
        for _ in range(MAX_RENAMES):
            if type(operand) is not Value:
                return operand
            definition = operand.definition
            if type(definition) is Assume:
                operand = definition.value
            elif operand in self.aliases:
                operand = self.aliases[operand]
            else:
                return operand
        return operand

    def range_of(self, symbol: int) -> tuple[int, int] | None:
        """Bounds of a symbol as an integer, None where it has none (addresses)."""
        value = self.linear.values.get(symbol)
        if value is None:
            return None
        fact = self.known(value)
        if symbol in self.linear.also:
            fact = self._of_any(fact, [value, *self.linear.also[symbol]])
        if type(fact) is Fact:
            return None
        # Terms are added up as integers only while the total stays far from wrapping around.
        return (fact.smin, fact.smax) if fact.smin >= -FAR and fact.smax <= FAR else None

    def _of_any(self, fact: Scalar | Fact, values: list[Value]) -> Scalar | Fact:
        """What a symbol may be that several values are: what one of them was made of may have been tested where the others are not.

        What a path knows of one that it came by holds of the symbol; else which of them are computed here is not known.
        """
        ever = getattr(self.known, "ever", None)
        for value in values:
            one = self.known(value)
            if ever is not None and one is not ever(value):
                return one
            fact = join(fact, one)
        return fact

    def minimum(self, wanted: Sum) -> int | None:
        """A lower bound from ranges alone; None where a term has none."""
        total = wanted.constant
        for symbol, coefficient in wanted.terms:
            bounds = self.range_of(symbol)
            if bounds is None:
                return None
            total += coefficient * (bounds[0] if coefficient > 0 else bounds[1])
        return total

    def at_least_zero(self, wanted: Sum) -> bool:
        """Whether the integer is never negative, from ranges and from order facts, at most two of them."""
        direct = self.minimum(wanted)
        if direct is not None and direct >= 0:
            return True
        symbols = {symbol for symbol, _ in wanted.terms}
        related = [(terms, bound) for terms, bound in self._order() if any(s in symbols for s, _ in terms)]
        rest: list[Sum] = []
        for terms, bound in related:
            left = add(wanted, Sum(terms, -bound), -1)
            least = self.minimum(left)
            if least is not None and least >= 0:
                return True
            if len(left.terms) <= MAX_TERMS:
                rest.append(left)
        return self._with_two(rest[:8])

    def _with_two(self, rest: list[Sum]) -> bool:
        for left in rest:
            for terms, bound in self._order():
                if {s for s, _ in terms} & {s for s, _ in left.terms}:
                    least = self.minimum(add(left, Sum(terms, -bound), -1))
                    if least is not None and least >= 0:
                        return True
        return False

    def _order(self) -> list[tuple[tuple[tuple[int, int], ...], int]]:
        found = list(self.state.lower.items())
        found += self.linear.axioms()
        return found
