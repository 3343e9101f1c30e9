"""Which facts a query needs: terms, their symbols, and what is hard about them.

    names_of(x + y < 7)      {"x", "y"}
    is_hard(x * y == z)      True

Most claims follow from few of the facts on a path, and z3 finds that much sooner without the rest. That a claim follows from some
facts is enough; that it does not says nothing.
"""

from __future__ import annotations

from typing import Any

import z3


def conjuncts(term: Any) -> list[Any]:
    """The facts that a conjunction is made of."""
    if z3.is_and(term):
        return [fact for part in term.children() for fact in conjuncts(part)]
    return [term]


_NAMES: dict[int, tuple[Any, frozenset[str]]] = {}


def names_of(term: Any) -> frozenset[str]:
    """The symbols in a term."""
    found = _NAMES.get(term.get_id())
    if found is not None and found[0].eq(term):
        return found[1]
    if len(_NAMES) > 200_000:
        _NAMES.clear()
    if z3.is_const(term):
        names = frozenset([term.decl().name()]) if term.decl().kind() == z3.Z3_OP_UNINTERPRETED else frozenset[str]()
    else:
        names = frozenset[str]().union(*map(names_of, term.children()))
    _NAMES[term.get_id()] = (term, names)
    return names


_HARD = {z3.Z3_OP_BMUL, z3.Z3_OP_BUREM, z3.Z3_OP_BUREM_I, z3.Z3_OP_BSREM, z3.Z3_OP_BSMOD, z3.Z3_OP_BUDIV, z3.Z3_OP_BSDIV}
_HARDNESS: dict[int, tuple[Any, bool]] = {}


def is_hard(term: Any) -> bool:
    """Whether there is a product or a quotient in a term."""
    found = _HARDNESS.get(term.get_id())
    if found is not None and found[0].eq(term):
        return found[1]
    if len(_HARDNESS) > 200_000:
        _HARDNESS.clear()
    # By a constant: that is how z3 writes a difference.
    scaled = term.decl().kind() == z3.Z3_OP_BMUL and z3.is_bv_value(term.arg(0))
    hard = (term.decl().kind() in _HARD and not scaled) or any(map(is_hard, term.children()))
    _HARDNESS[term.get_id()] = (term, hard)
    return hard
