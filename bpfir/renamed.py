"""Values behind their other names: an `assume` says something of a value, and what follows calls it by the name of that.

v2 = assume v1 where ne.64 v1, 0          renamed(v2) is v1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.bpfir.ops import Assume, Value

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Operand


def renamed(operand: Operand) -> Operand:
    """What an `assume`, or a chain of them, renames."""
    while type(operand) is Value and type(operand.definition) is Assume:
        operand = operand.definition.value
    return operand
