"""The form that is judged: static functions in the place of their calls, callbacks as the loops that call them.

    v3 = call @clamp(v1)          the blocks of clamp, its frame below that of the caller
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from bpfcc.bpfir.effects import HelperEffects
from bpfcc.verifier.facts import TOP

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Call
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.facts import Fact
    from bpfcc.verifier.flow import State
    from bpfcc.verifier.view import View

PSEUDO_EFFECTS: Final[Mapping[int, HelperEffects]] = {}


def pseudo_result(_op: Call, _known: Callable[[Any], Scalar | Fact]) -> Scalar | Fact:
    """What a pseudo helper returns."""
    return TOP


def after_pseudo(view: View, _op: Call) -> State:
    """The state after a pseudo helper."""
    return view.state
