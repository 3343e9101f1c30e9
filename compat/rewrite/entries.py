"""What a porting report says: one entry for each thing that a program uses, with the places where it does.

    Entry("helper", "bpf_ktime_get_ns", "same", windows="bpf_ktime_get_ns", reason="in steps of 100 ns", places=(Place(…), …))

Kinds, from good to bad: *same* (no difference in the source), *renamed* (spelt otherwise), *emulated* (made of what there is, with the
same results), *differs* (it works, and may do something else), *absent* (there is nothing like it). `depends` goes with *differs*:
whether what this program does can depend on the difference.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, final, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpfcc.bpfir.function import Module
    from bpfcc.diagnostics import SourcePosition

Kind = Literal["same", "renamed", "emulated", "differs", "absent"]
What = Literal["section", "return", "helper", "map", "field", "core", "kernel", "code", "call"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
WHATS: Final[tuple[What, ...]] = get_args(What)
MAX_PLACES: Final = 200


@final
@dataclass(frozen=True, slots=True)
class Place:
    """An instruction of a function, and where it comes from. `insn` is -1 for what no one instruction is."""

    function: str
    insn: int = -1
    source: SourcePosition | None = None


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the program uses. `windows`: how it is spelt there, None where it is not; `count`: places in all."""

    what: What
    name: str
    kind: Kind
    windows: str | None = None
    reason: str = ""
    depends: bool | None = None
    places: tuple[Place, ...] = ()
    count: int = 0


@final
@dataclass(slots=True)
class Notes:
    """Entries as they are found: the same thing at another place is one entry."""

    module: Module
    _places: Sequence[tuple[str, int]] = ()
    _found: dict[tuple[str, str, str, str | None, str, bool | None], dict[Place, None]] = field(default_factory=dict)

    def add(
        self, what: What, name: str, kind: Kind, windows: str | None = None, reason: str = "", *,
        depends: bool | None = None, function: str = "", insn: int = -1,
    ) -> None:  # fmt: skip
        """One use. Without an instruction it is one of the whole program."""
        places = self._found.setdefault((what, name, kind, windows, reason, depends), {})
        for where, number in [(function, insn)] if function else self._places:
            places[Place(where, number, self.module.position(number))] = None

    @contextmanager
    def at(self, places: Sequence[tuple[str, int]]) -> Iterator[None]:
        """Where what is noted inside is used: functions and instructions."""
        self._places = places
        try:
            yield
        finally:
            self._places = ()

    def absent(self, what: What, name: str, reason: str, *, function: str = "", insn: int = -1) -> None:
        """Something that Windows has not."""
        self.add(what, name, "absent", None, reason, function=function, insn=insn)

    def entries(self) -> tuple[Entry, ...]:
        """All of them: by what they are, then as they were found."""
        order = {what: number for number, what in enumerate(WHATS)}
        rows = [
            Entry(*key, tuple(places)[:MAX_PLACES], len(places))  # type: ignore[arg-type]
            for key, places in self._found.items()
        ]
        return tuple(sorted(rows, key=lambda entry: order[entry.what]))
