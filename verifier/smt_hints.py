"""A model of a query as an input to try: what the bytes, lengths and fields of a run would have to be.

    {"packet": {12: 8, 13: 0}, "length": 34, "context": {"ingress_ifindex": 10}, "maps": {"limits": {b"\\0\\0\\0\\0": b"\\xff…"}}}

A model may be of no run: what a loop did and what helpers return was left open. Whoever tries it sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bpfcc.bpfir.ops import Call
from bpfcc.verifier.stack import constant_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.verifier.facts import Region
    from bpfcc.verifier.smt_encode import Encoder
    from bpfcc.verifier.unit import Unit

MAX_PACKET_HINT: Final = 0xFFFF
MAX_CONTEXT: Final = 4096
GLOBAL_KEY: Final = bytes(4)
WORD: Final = 1 << 64


def hint_of(encoder: Encoder, model: Mapping[str, int]) -> dict[str, object]:
    """What `bpfcc.counterexamples.search` may try first; empty where the model says nothing of inputs."""
    unit = encoder.unit
    packet: dict[int, int] = {}
    context: dict[int, int] = {}
    maps: dict[str, dict[bytes, bytearray]] = {}
    for each in encoder.bytes.inputs:
        if each.name not in model:
            continue
        offset = each.offset + (model.get(each.at, 0) if each.at is not None else 0)
        offset = offset - WORD if offset >= WORD >> 1 else offset
        content = model[each.name].to_bytes(8, "little")[: each.size] if each.size > 1 else bytes([model[each.name] & 0xFF])
        for at, byte in enumerate(content, offset):
            if each.region.kind == "packet" and each.region.epoch == 0 and 0 <= at < MAX_PACKET_HINT:
                packet[at] = byte
            elif each.region.kind == "ctx" and 0 <= at < MAX_CONTEXT:
                context[at] = byte
            elif each.region.kind == "map_value":
                _put(encoder, maps, each.region, at, byte)
    _entries(encoder, model, maps)
    return _assembled(unit, packet, context, maps, model)


def _assembled(
    unit: Unit, packet: dict[int, int], context: dict[int, int], maps: dict[str, dict[bytes, bytearray]], model: Mapping[str, int]
) -> dict[str, object]:  # fmt: skip
    found: dict[str, object] = {}
    if unit.around.type.packet is not None:
        length = model.get("len_0")
        if length is None and packet:
            length = max(packet) + 1
        if length is not None:
            found["length"] = min(length, MAX_PACKET_HINT)
        if packet:
            found["packet"] = packet
        fields = _fields(unit, context)
        if fields:
            found["context"] = fields
    elif context:
        found["data"] = bytes(context.get(at, 0) for at in range(max(context) + 1))
    if maps:
        found["maps"] = {name: {key: bytes(value) for key, value in entries.items()} for name, entries in maps.items()}
    return found


def _fields(unit: Unit, context: dict[int, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for field in unit.around.context.fields if unit.around.context is not None else ():
        covered = [at for at in range(field.offset, field.offset + field.size) if at in context]
        if field.kind == "scalar" and covered:
            found[field.name] = sum(context[at] << 8 * (at - field.offset) for at in covered)
    return found


def _put(encoder: Encoder, maps: dict[str, dict[bytes, bytearray]], region: Region, offset: int, byte: int) -> None:
    key = _key(encoder, region)
    spec = region.map
    if key is None or spec is None or not 0 <= offset < spec.value_size:
        return
    value = maps.setdefault(spec.name, {}).setdefault(key, bytearray((spec.initial or b"").ljust(spec.value_size, b"\0")))
    value[offset] = byte


def _key(encoder: Encoder, region: Region) -> bytes | None:
    """The key of a map's value, where it is a constant or does not matter."""
    site, spec = region.site, region.map
    if spec is None:
        return None
    if site is None:
        return GLOBAL_KEY if spec.initial is not None or spec.section else None
    return _key_of(encoder, site, spec.key_size)


def _key_of(encoder: Encoder, site: Any, size: int) -> bytes | None:
    if type(site) is not Call or len(site.args) < 2:
        return None
    known = encoder.facts.known
    # Where it is none, nothing else is asked of it than of any other.
    key = constant_at(encoder.unit, site, known(site.args[1]), size, known) if size in (1, 2, 4, 8) else None
    return bytes(size) if key is None else (key & ((1 << 8 * size) - 1)).to_bytes(size, "little")


def _entries(encoder: Encoder, model: Mapping[str, int], maps: dict[str, dict[bytes, bytearray]]) -> None:
    """Lookups that found something."""
    for kind, region in encoder.regions.values():
        site, spec = region.site, region.map
        if region.kind != "map_value" or type(site) is not Call or spec is None or model.get(f"k{site.result.id}") != kind:
            continue
        key = _key_of(encoder, site, spec.key_size)
        if key is not None:
            maps.setdefault(spec.name, {}).setdefault(key, bytearray(spec.value_size))


__all__ = ["hint_of"]
