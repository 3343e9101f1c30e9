"""Linux's error numbers, and what helpers return for them: negative numbers in registers of 64 bits.

failed(EINVAL)                  0xffffffffffffffea
"""

from __future__ import annotations

from typing import Final

from bpfcc.compat.rewrite.editor import MASK64

E2BIG: Final = 7
EFAULT: Final = 14
EEXIST: Final = 17
EINVAL: Final = 22


def failed(number: int) -> int:
    """The result of a helper that fails."""
    return -number & MASK64
