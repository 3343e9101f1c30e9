"""Inputs to begin with, and small changes where nothing can be solved.

starts(shape)           packets of 64, 0, 1514 bytes, of zeros and of ones; maps with an entry
mutations(trace, 0)     bytes that the target's address depends on, at their boundaries
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, cast

from bpfcc.counterexamples.expressions import Expression
from bpfcc.counterexamples.helpers import KEYED
from bpfcc.counterexamples.inputs import FILL, FULL, GLOBAL_KEY, LENGTH, MAX_LENGTH
from bpfcc.execution import RAW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bpfcc.counterexamples.expressions import Model, Variable
    from bpfcc.counterexamples.inputs import Shape
    from bpfcc.counterexamples.tracing import Trace

BOUNDARIES: Final = (0, 0xFF, 1, 0x7F, 0x80, 0x40, 0xFE)
FIXED: Final = frozenset({"entry", "length", "random"})
MAX_BYTES: Final = 16
LENGTHS: Final = (64, 0, 1514, 1, 14, 34, 42)
FILLABLE: Final = frozenset({"hash", "percpu_hash", "lpm_trie"})
MAX_FILLED: Final = 1024
MAX_FILLED_BYTES: Final = 1 << 20
# By their place in an Ethernet frame: type, version and header length, total length, protocol.
UDP_IN_IPV4: Final = {12: 0x08, 14: 0x45, 17: 114, 22: 64, 23: 17}
TCP_IN_IPV4: Final = UDP_IN_IPV4 | {23: 6, 46: 0x50}
UDP_IN_IPV6: Final = {12: 0x86, 13: 0xDD, 14: 0x60, 19: 74, 20: 17, 21: 64}


def starts(shape: Shape) -> Iterator[Model]:
    """Inputs that need no knowledge of the program."""
    sized = shape.takes_packets or shape.type == RAW
    if sized:
        for length in LENGTHS[:3]:
            yield {LENGTH: length}
    yield {LENGTH: 128, FILL: 0xFF}
    if not sized:
        yield {}
    filled: Model = {
        ("entry", name, bytes(spec.key_size)): 1 for name, spec in shape.maps.items() if spec.type in KEYED and shape.settable(spec)
    }
    if filled:
        yield filled
    fulls: list[Model] = [
        {(FULL, name): 1}
        for name, spec in shape.maps.items()
        if spec.type in FILLABLE and spec.max_entries <= MAX_FILLED and spec.max_entries * spec.value_size <= MAX_FILLED_BYTES
    ]
    yield from fulls
    if shape.takes_packets:
        link = 14 if shape.spec.packet == "link" else 0
        for header in (UDP_IN_IPV4, TCP_IN_IPV4, UDP_IN_IPV6):
            packet: Model = {("packet", at - 14 + link): value for at, value in header.items() if at >= 14 - link}
            yield packet | {LENGTH: 128}
    for fill in (0xFF, 1):
        sections: Model = {}
        for name, spec in shape.maps.items():
            if spec.initial is not None and shape.settable(spec) and spec.value_size <= MAX_FILLED:
                sections |= {("value", name, GLOBAL_KEY, at): fill for at in range(spec.value_size)}
        if sections:
            yield sections
    if sized:
        for length in LENGTHS[3:]:
            yield {LENGTH: length}
    yield {LENGTH: 128, FILL: 1}
    yield filled | {LENGTH: 1514, FILL: 0xFF}


def depends_on(trace: Trace) -> tuple[Variable, ...]:
    """What the address or the size of the target's first accesses depends on."""
    leaves: set[Variable] = set()
    for access in trace.accesses[:2]:
        for symbol in (access.symbol, access.size_symbol):
            if isinstance(symbol, Expression):
                leaves |= {each for each in symbol.leaves if each[0] not in FIXED}
    return tuple(sorted(leaves, key=str)[:MAX_BYTES])


def mutations(trace: Trace, chosen: tuple[Variable, ...], seed: int) -> Iterator[Model]:
    """The input with these bytes changed."""
    for value in BOUNDARIES:
        yield trace.model | dict.fromkeys(chosen, value)
    for each in chosen:
        for value in BOUNDARIES[:5]:
            yield trace.model | {each: value}
    source = random.Random(seed)  # noqa: S311 - nothing secret
    for _ in range(4):
        yield trace.model | {each: source.randrange(256) for each in chosen}


def hinted(shape: Shape, hints: Iterable[Mapping[str, object]]) -> Iterator[Model]:
    """Inputs that somebody else thought of, as choices; what does not fit the program is left out."""
    for hint in hints:
        model: Model = {}
        content = hint.get("packet") or hint.get("data")
        if isinstance(content, (bytes, bytearray)):
            model[LENGTH] = min(len(content), MAX_LENGTH)
            place = "packet" if shape.takes_packets else "data" if shape.type == RAW else "context"
            model |= {(place, at): value for at, value in enumerate(content)}
        elif isinstance(content, dict):
            model |= {("packet", int(at)): int(value) & 0xFF for at, value in content.items()}
        length = hint.get("length")
        if isinstance(length, int):
            model[LENGTH] = max(0, min(length, MAX_LENGTH))
        _hint_context(shape, hint.get("context"), model)
        _hint_maps(shape, hint.get("maps"), model)
        yield model


def _hint_context(shape: Shape, fields: object, model: Model) -> None:
    if not isinstance(fields, dict) or shape.codec is None:
        return
    for each in shape.codec.spec.fields:
        value = fields.get(each.name)
        if isinstance(value, int):
            content = (value & (1 << 8 * each.size) - 1).to_bytes(each.size, "little")
            model |= {("context", each.offset + at): one for at, one in enumerate(content) if shape.may_choose(each.offset + at)}


def _hint_maps(shape: Shape, maps: object, model: Model) -> None:
    if not isinstance(maps, dict):
        return
    for name, entries in maps.items():
        if name not in shape.maps or not isinstance(entries, dict):
            continue
        for key, value in entries.items():
            if isinstance(key, bytes) and isinstance(value, bytes):
                if shape.maps[name].type in KEYED:
                    model["entry", name, key] = 1
                model |= {cast("Variable", ("value", name, key, at)): one for at, one in enumerate(value)}
