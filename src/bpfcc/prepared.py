"""What a prepared program is, whoever runs it: maps, runs, results.

exe: Prepared = prepare(program, backend)
exe.run(packet=frame)          Result(return_value=2, …)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self, final, overload

from bpfcc.runtime.results import NO_FIELDS

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterator, Mapping
    from ctypes import c_int32

    from bpfcc.errors import Trap
    from bpfcc.runtime.contexts import ContextValues, FieldValue
    from bpfcc.runtime.log import LogRecord
    from bpfcc.runtime.maps import Map
    from bpfcc.runtime.results import BatchResult, Redirect, RunResult
    from bpfcc.runtime.results import Results as RawResults
    from bpfcc.runtime.specs import Platform


@final
class Result(NamedTuple):
    """What one run did. (A tuple: made in a tenth of the time of a frozen dataclass, and there is one for each call.)

    `return_value` is r0: 64 bits for type `raw`, else the 32 that Linux looks at. `packet` and `data` are as the program left
    them. `steps` counts bytecode instructions, None in unchecked runs. `ns_per_run` is None in a batch that was not timed packet by packet.
    """

    return_value: int
    steps: int | None
    packet: bytes | None = None
    data: bytes | None = None
    context: Mapping[str, FieldValue] = NO_FIELDS
    ns_per_run: float | None = None
    redirect: Redirect | None = None


@final
class Results(Sequence[Result]):
    """Results of a batch, each made when it is asked for; `return_values()` gives r0 of all of them at once."""

    def __init__(self, raw: RawResults, make: Callable[[RunResult], Result]) -> None:
        self._raw = raw
        self._make = make

    def return_values(self) -> array[int]:
        """r0 of every run, all 64 bits of it."""
        return self._raw.return_values()

    def __len__(self) -> int:
        return len(self._raw)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> list[Result]: ...
    def __getitem__(self, index: int | slice) -> Result | list[Result]:
        found = self._raw[index]
        return [self._make(each) for each in found] if isinstance(found, list) else self._make(found)

    def __iter__(self) -> Iterator[Result]:
        return map(self._make, self._raw)


class Prepared(Protocol):
    """A program that is ready to run. One thread uses it at a time. Close it, or use it in a `with`."""

    @property
    def type(self) -> str:
        """The program's type, as libbpf names it."""
        ...

    @property
    def maps(self) -> dict[str, Map]:
        """Its maps by name."""
        ...

    @property
    def platform(self) -> Platform:
        """Whose rules and names hold."""
        ...

    @property
    def checked(self) -> bool:
        """Whether every access is checked while it runs; else it was proven before."""
        ...

    @property
    def bound(self) -> int | None:
        """Instructions that a run executes at most, where that was proven."""
        ...

    @property
    def takes_packets(self) -> bool:
        """Whether there is a packet, or a context only."""
        ...

    @property
    def packet_kind(self) -> str | None:
        """Where the packet of such programs begins: `link`, `network`, `transport`; None where they get none."""
        ...

    def takes(self, packet: bytes) -> bool:
        """Whether it can be run on that packet: Linux wants whole headers."""
        ...

    @property
    def log_dropped(self) -> int:
        """Records that found no room in the log."""
        ...

    def run(
        self, packet: bytes | None = None, context: ContextValues | bytes | None = None, data: bytes | None = None, *,
        repeat: int = 1, steps: int | None = None,
    ) -> Result:  # fmt: skip
        """Run once, or `repeat` times from the same packet and context. Raises Trap."""
        ...

    def run_batch(
        self, packets: Sequence[bytes], *, context: ContextValues | bytes | None = None, times_ns: Sequence[int] | None = None
    ) -> Results:
        """Run every packet. Raises Trap for the first that traps."""
        ...

    def run_raw_batch(
        self, packets: Sequence[bytes], *, context: ContextValues | bytes | None = None, times_ns: Sequence[int] | None = None,
        stop_on_trap: bool = False, time_each: bool = False, steps: int | None = None,
    ) -> BatchResult:  # fmt: skip
        """The runtime's own batch: traps are entries of it."""
        ...

    def trap(self, kind: str | None = None) -> Trap:
        """The trap that stopped the last run."""
        ...

    def take_log(self) -> list[LogRecord]:
        """What programs said since the last call."""
        ...

    def stop_on(self, flag: c_int32 | None) -> None:
        """End runs with trap `stopped` when another thread sets the flag."""
        ...

    def close(self) -> None:
        """Free what it has."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
