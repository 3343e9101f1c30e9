"""What is known at a place and not of a value: order between values, frame bytes written, references and locks held.

    if ugt.64 v5, v2 then b9 else b3       in b3: end - data - 14 >= 0        (v5 = data + 14, v2 = data_end)

A state is immutable; operations and edges make new ones. `join` keeps what both sides know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from bpfcc.verifier.linear import Terms

Lower = "Mapping[Terms, int]"
NO_FACTS: Final[dict[Any, int]] = {}
MAX_ORDER_FACTS: Final = 64


@final
class State:
    """`lower[terms]`: the integer that the terms add up to is at least that. `init`: frame bytes that are written (bit 0 is the
    lowest byte). `may` and `must`: references that are held on some path, on every path. `lock`: what is locked, None or a key.
    `dynptrs`: (frame offset, reference or None) of initialised dynptrs; `reset`: kernel sections entered (rcu, preempt …)."""

    __slots__ = ("dynptrs", "init", "lock", "lower", "may", "must", "sections")

    def __init__(
        self,
        lower: dict[Terms, int],
        init: int,
        may: frozenset[Any],
        must: frozenset[Any],
        lock: Any,
        dynptrs: frozenset[Any],
        sections: Any,
    ) -> None:
        self.lower = lower
        self.init = init
        self.may = may
        self.must = must
        self.lock = lock
        self.dynptrs = dynptrs
        self.sections = sections

    def with_lower(self, lower: dict[Terms, int]) -> State:
        """The same with other order facts."""
        return State(lower, self.init, self.may, self.must, self.lock, self.dynptrs, self.sections)

    def with_init(self, init: int) -> State:
        """The same with other written bytes."""
        return State(self.lower, init, self.may, self.must, self.lock, self.dynptrs, self.sections)

    def with_refs(self, may: frozenset[Any], must: frozenset[Any]) -> State:
        """The same with other references."""
        return State(self.lower, self.init, may, must, self.lock, self.dynptrs, self.sections)

    def with_lock(self, lock: Any) -> State:
        """The same with another lock."""
        return State(self.lower, self.init, self.may, self.must, lock, self.dynptrs, self.sections)

    def with_dynptrs(self, dynptrs: frozenset[Any]) -> State:
        """The same with other dynptrs."""
        return State(self.lower, self.init, self.may, self.must, self.lock, dynptrs, self.sections)

    def with_sections(self, sections: Any) -> State:
        """The same in other sections."""
        return State(self.lower, self.init, self.may, self.must, self.lock, self.dynptrs, sections)

    def same(self, other: State) -> bool:
        """Whether both know the same."""
        return self is other or (
            self.init == other.init
            and self.may == other.may
            and self.must == other.must
            and self.lock == other.lock
            and self.dynptrs == other.dynptrs
            and self.sections == other.sections
            and self.lower == other.lower
        )

    def key(self) -> Any:
        """For a table of states that were seen."""
        return frozenset(self.lower.items()), self.init, self.may, self.must, self.lock, self.dynptrs, self.sections


START: Final = State(NO_FACTS, 0, frozenset(), frozenset(), None, frozenset(), ())
# Held on one path and not on another: every use of the lock is refused then.
UNSURE: Final = "unsure"


def join(a: State, b: State) -> State:
    """What both know; `a` itself where that is all of it."""
    if a is b:
        return a
    lower = a.lower
    if lower is not b.lower:
        other = b.lower
        lower = {terms: min(bound, other[terms]) for terms, bound in a.lower.items() if terms in other}
        if lower == a.lower:
            lower = a.lower
    lock = a.lock if a.lock == b.lock else UNSURE
    sections = a.sections if a.sections == b.sections else UNSURE
    made = State(lower, a.init & b.init, a.may | b.may, a.must & b.must, lock, a.dynptrs & b.dynptrs, sections)
    return a if made.same(a) else made


def covers(general: State, special: State) -> bool:
    """Whether everything that `special` allows is allowed by `general`."""
    return (
        general.init & ~special.init == 0
        and special.may <= general.may
        and general.must <= special.must
        and general.lock == special.lock
        and general.dynptrs <= special.dynptrs
        and general.sections == special.sections
        and all(special.lower.get(terms, -(1 << 70)) >= bound for terms, bound in general.lower.items())
    )
