"""What an emitted file says beside its code: how hosts make contexts and maps, and what results and contents mean.

    describe("xdp", None, checked=False)["context"]      {"size": 24, "packet": 1, "data": 0, "data_end": 4, …}

The names are those of `struct bpfcc_context_info` and `struct bpfcc_verdict_info` in `bpfcc_program.h`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bpfcc.backends.binding import INDEXED_MAPS
from bpfcc.runtime.contexts import context_codec
from bpfcc.runtime.hooks import verdict
from bpfcc.runtime.specs import load_platform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bpfcc.bpfir.module import MapSpec
    from bpfcc.runtime.contexts import ContextCodec
    from bpfcc.runtime.specs import Platform

PACKETS: Final[Mapping[str | None, int]] = {None: 0, "link": 1, "network": 2, "transport": 3}
DISPOSITIONS: Final = {"pass": 0, "drop": 1, "transmit": 2, "redirect": 3, "abort": 4, "none": 5}
KINDS: Final = {"data": "packet_start", "data_end": "packet_end", "data_meta": "packet_meta", "length": "packet_length"}
FILLED: Final = ("ingress_ifindex", "ifindex")
OF_PACKET: Final = ("protocol", "pkt_type", "wire_len")
# A result that no program type has a name for.
UNNAMED: Final = 0x4000_0001
NO_FIELD: Final = 0xFFFF_FFFF
ROUND: Final = 8


class Node(NamedTuple):
    """What some bytes mean to people: `struct bpfcc_shape`, and the nodes inside it. `names`: of an enumeration's values."""

    kind: int
    size: int
    name: str | None = None
    offset: int = 0
    length: int = 0
    signed: bool = False
    names: tuple[tuple[int, str], ...] = ()
    inside: tuple[Node, ...] = ()

    @property
    def nodes(self) -> int:
        """How many there are with it."""
        return 1 + sum(each.nodes for each in self.inside)

    def flat(self) -> Iterator[Node]:
        """It, and those inside it."""
        yield self
        for each in self.inside:
            yield from each.flat()


class MapNotes(NamedTuple):
    """What a map's definition leaves to its types: where the values have a lock and a timer, and how to show what it holds."""

    lock: int = NO_FIELD
    timer: int = NO_FIELD
    key: Node | None = None
    value: Node | None = None
    record: Node | None = None


def describe(program_type: str, attach_type: str | None, *, checked: bool) -> dict[str, Any]:
    """For the template. A type that Linux has not has no context, and its results are numbers."""
    platform = load_platform("linux")
    if program_type not in platform.program_types:
        return {"context": None, "verdicts": [], "other": (None, 0, DISPOSITIONS["none"])}
    codec = context_codec(platform, program_type, attach_type)
    packet = platform.program_type(program_type).packet
    return {
        "context": None if codec is None else context(codec, packet, checked=checked),
        "verdicts": verdicts(platform, program_type),
        "other": other(platform, program_type),
    }


def context(codec: ContextCodec, packet: str | None, *, checked: bool) -> dict[str, Any]:
    """Sizes and offsets; which bytes may be accessed is asked by code that checks itself only."""
    found: dict[str, Any] = {
        "size": codec.spec.size, "variable": int(codec.spec.variable), "packet": PACKETS[packet], "pointer_bytes": codec.pointer_bytes,
    }  # fmt: skip
    found |= {name: codec.offset_of_kind(kind) for name, kind in KINDS.items()}
    found |= {name: codec.offset_of(name) if packet is not None else -1 for name in FILLED}
    repeats = packet is not None and codec.offset_of("pkt_type") >= 0
    found |= {name: codec.offset_of(name) if repeats else -1 for name in OF_PACKET}
    masks = (codec.readable, codec.writable) if checked else (None, None)
    return found | dict(zip(("readable", "writable"), masks, strict=True))


def verdicts(platform: Platform, program_type: str) -> list[tuple[int, str, int]]:
    """(value, name, what becomes of the packet) of every result that is not like any other."""
    numbers = {0, *platform.program_type(program_type).return_names}
    found = [(number, verdict(platform, program_type, number)) for number in sorted(numbers)]
    usual = verdict(platform, program_type, UNNAMED).disposition
    return [
        (number, each.name, DISPOSITIONS[each.disposition])
        for number, each in found
        if each.name != str(number) or each.disposition != usual
    ]  # fmt: skip


def other(platform: Platform, program_type: str) -> tuple[str | None, int, int]:
    """Of every other result: its name (None: the number is all there is), whether the number stands behind the name, what it does."""
    found = verdict(platform, program_type, UNNAMED)
    name, shown, _ = found.name.partition(f" ({UNNAMED})")
    return (None if name == str(UNNAMED) else name), int(bool(shown)), DISPOSITIONS[found.disposition]


def described(program_type: str, attach_type: str | None, *, checked: bool) -> dict[str, Any]:
    """What the descriptor says of programs of a type, with its bit maps as lines of C."""
    found = describe(program_type, attach_type, checked=checked)
    context = found["context"]
    if context is not None:
        for name in ("readable", "writable"):
            context[name] = None if context[name] is None else wrapped(context[name])
    return found


def array_stride(value_size: int) -> int:
    """From one value of an array to the next, as the runtime lays them out: behind each is a byte that no program reaches."""
    return (value_size + ROUND) // ROUND * ROUND


def node_contexts(at: int, notes: MapNotes) -> list[dict[str, Any]]:
    """The shapes of a map that are known."""
    return [
        {"name": f"map_{at}_{name}", "nodes": list(node.flat())}
        for name, node in (("key", notes.key), ("value", notes.value), ("record", notes.record))
        if node is not None
    ]


def map_contexts(maps: Sequence[MapSpec], notes: Mapping[str, MapNotes]) -> list[dict[str, Any]]:
    """What the descriptor says of maps."""
    from bpfcc.runtime.maps.types import type_number

    index = {spec.name: at for at, spec in enumerate(maps)}
    found = []
    for at, spec in enumerate(maps):
        noted = notes.get(spec.name, MapNotes())
        initial = spec.initial if spec.initial is not None and any(spec.initial) else None
        inner = index.get(spec.inner.name, -1) + 1 if spec.inner is not None else 0
        found.append(
            {
                "at": at,
                "spec": spec,
                "type": type_number(spec.type),
                "initial": None if initial is None else wrapped(initial.ljust(spec.value_size, b"\0")),
                "values": sorted(spec.values.items()),
                "inner": inner,
                "stride": array_stride(spec.value_size) if spec.type in INDEXED_MAPS else 0,
                "notes": noted,
                "shapes": node_contexts(at, noted),
            }
        )
    return found


def wrapped(data: bytes, width: int = 20) -> list[str]:
    """Bytes as lines of an initialiser."""
    return [", ".join(str(byte) for byte in data[at : at + width]) for at in range(0, len(data), width)]


def c_int64(value: int) -> str:
    """A number of 64 bits, signed or not, as a signed constant: the lowest has none of its own."""
    signed = value - (1 << 64) if value >> 63 == 1 else value
    return "(-INT64_C(9223372036854775807) - 1)" if signed == -(1 << 63) else f"INT64_C({signed})"
