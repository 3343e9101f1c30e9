"""Remove blocks that the entry does not reach.

b0: jump b2                b0: jump b2
b1: jump b2      becomes   b2: …
b2: …
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.bpfir.dominance import reverse_postorder

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function


def drop_unreachable(fn: Function) -> bool:
    """Keep the order of the blocks that stay."""
    reached = set(reverse_postorder(fn))
    if len(reached) == len(fn.blocks):
        return False
    fn.blocks = [block for block in fn.blocks if block in reached]
    return True
