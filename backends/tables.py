"""The table through which compiled code reaches what is outside of it: helpers, maps, the programs that tail calls enter.

    number = table.slot("helper", 5)       the code loads that slot
    table.values(find)                     addresses by slot, for this process

Compiled code refers to no symbol of the runtime, so that it can be kept on disk and loaded at any address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

if TYPE_CHECKING:
    from collections.abc import Callable

# Functions of the native library that code calls, whatever the program.
RUNTIME: Final = ("bpfcc_reach", "bpfcc_more_steps", "bpfcc_load_packet", "bpfcc_push_frame", "bpfcc_pop_frame")
TARGETS: Final = "targets"
TARGET_COUNT: Final = "target count"


class Slot(NamedTuple):
    """What a slot holds: its kind, and which."""

    kind: str
    which: str | int = ""


@final
class Table:
    """Slots in the order in which code asked for them; the first two are the targets of tail calls."""

    def __init__(self) -> None:
        self.slots: dict[Slot, int] = {Slot(TARGETS): 0, Slot(TARGET_COUNT): 1}

    def slot(self, kind: str, which: str | int) -> int:
        """The number of a slot, a new one where it is asked for the first time."""
        return self.slots.setdefault(Slot(kind, which), len(self.slots))

    def values(self, find: Callable[[Slot], int]) -> list[int]:
        """What every slot holds, but for the targets, which are linked later."""
        return [0 if slot.kind in (TARGETS, TARGET_COUNT) else find(slot) for slot in self.slots]
