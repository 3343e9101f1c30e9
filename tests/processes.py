"""Processes that a test starts, and whether it leaves any behind.

    with no_child_left(): …

Compared with what was there before: other tests of the same process may have left children that nobody has waited for yet.
"""

from __future__ import annotations

import contextlib
import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def children_of(parent: int) -> set[int]:
    """Its children, ended ones that nobody waited for among them."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[1]) == parent:
                found.add(int(stat.parent.name))
    return found


@contextlib.contextmanager
def no_child_left() -> Iterator[None]:
    """AssertionError where there are children, or open files, that were not there before."""
    gc.collect()
    children, descriptors = children_of(os.getpid()), set(Path("/proc/self/fd").iterdir())
    yield
    assert children_of(os.getpid()) <= children
    assert set(Path("/proc/self/fd").iterdir()) <= descriptors
