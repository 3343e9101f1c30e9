"""What programs said: lines of trace_printk, packets sent aside, signals, in the order in which they happened.

for record in records(raw):
    match record: case TraceLine(text=text): print(text)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias, final

from bpfcc.runtime.memory import LOG_CLONE, LOG_PRINT, LOG_SIGNAL, LOG_TRACE, LOG_WRITE

HEAD: Final = struct.Struct("=IIQII")


@final
@dataclass(frozen=True, slots=True)
class TraceLine:
    """A line of `trace_printk` or `trace_vprintk`, without its newline."""

    cpu: int
    time_ns: int
    text: str


@final
@dataclass(frozen=True, slots=True)
class Clone:
    """A copy of a packet that `clone_redirect` sent to a device."""

    cpu: int
    time_ns: int
    ifindex: int
    flags: int
    packet: bytes


@final
@dataclass(frozen=True, slots=True)
class Signal:
    """A signal that a program sent to its task (`to_thread`: to the one thread)."""

    cpu: int
    time_ns: int
    number: int
    to_thread: bool


@final
@dataclass(frozen=True, slots=True)
class UserWrite:
    """What `probe_write_user` would have written."""

    cpu: int
    time_ns: int
    address: int
    data: bytes


@final
@dataclass(frozen=True, slots=True)
class Printed:
    """Text of an iterator program."""

    cpu: int
    time_ns: int
    data: bytes


LogRecord: TypeAlias = TraceLine | Clone | Signal | UserWrite | Printed


def records(raw: bytes) -> Iterator[LogRecord]:
    """The records in what `bpfcc_state_take_log` gave."""
    at = 0
    while at < len(raw):
        kind, cpu, time_ns, length, padded = HEAD.unpack_from(raw, at)
        body = raw[at + HEAD.size : at + HEAD.size + length]
        at += HEAD.size + padded
        if kind == LOG_TRACE:
            yield TraceLine(cpu, time_ns, body.decode(errors="replace"))
        elif kind == LOG_CLONE:
            ifindex, flags = struct.unpack_from("=I4xQ", body)
            yield Clone(cpu, time_ns, ifindex, flags, body[16:])
        elif kind == LOG_SIGNAL:
            number, to_thread = struct.unpack("=II", body)
            yield Signal(cpu, time_ns, number, bool(to_thread))
        elif kind == LOG_WRITE:
            yield UserWrite(cpu, time_ns, int.from_bytes(body[:8], "little"), body[8:])
        elif kind == LOG_PRINT:
            yield Printed(cpu, time_ns, body)
