"""Contents of maps as JSON: seeds for a run, and dumps that are seeds again.

    {"blocked": {"10.0.0.0/8": 1},                                 lpm_trie
     "limits":  {"0": 100, "1": 200},                              array; keys in JSON are text
     "flows":   [{"key": {"saddr": 1, "port": 80}, "value": {"packets": 7}}],
     "counts":  {"6": [1, 2]},                                     per-CPU: a list, or one value for every CPU
     "jobs":    [1, 2, 3]}                                         queue, stack: values, pushed in this order

Such a document maps names to what `load_seed` takes for one map: an object from keys to values, or a list of
{"key": …, "value": …}. Keys and values are numbers, structures by member names where the map has types, and bytes
as "0x0a0b…" (as many digits as there are bytes; for a member or an untyped integer also a hexadecimal number).

`dump` gives an object where every key has a text form, else the list; loading it into an empty map gives the same
bytes. A value whose typed form would lose something (padding) is dumped as bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, final

from bpfcc.errors import InputError, UnsupportedError
from bpfcc.runtime.maps.base import Map
from bpfcc.runtime.maps.keyed import KeyedMap, PerCpuMap
from bpfcc.runtime.maps.keyless import QueueMap
from bpfcc.runtime.maps.values import Item, ItemCodec, PrefixItem, RawItem

Json: TypeAlias = Any


@final
class HexNumber(int):
    """A number written in hexadecimal: also the bytes that its digits are, for members that are byte arrays."""

    digits: bytes

    def __iter__(self) -> Iterator[int]:
        return iter(self.digits)


def hex_bytes(text: str) -> bytes | None:
    """The bytes of "0x0a0b", None when the text is something else."""
    if not text.startswith("0x") or len(text) % 2:
        return None
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        return None


def _integer(text: str) -> int | None:
    try:
        return int(text, 0)
    except ValueError:
        return None


def to_json(value: Item) -> Json:
    """A decoded key or value in JSON's types."""
    match value:
        case bytes():
            return "0x" + value.hex()
        case list():
            return [to_json(one) for one in value]
        case dict():
            return {name: to_json(one) for name, one in value.items()}
        case _:
            return value


def from_json(value: Json) -> Item:
    """The inverse, inside a structure: hexadecimal text is bytes or a number, as the member wants it."""
    match value:
        case str():
            digits, number = hex_bytes(value), _integer(value)
            if not value.startswith("0x") or number is None:
                return digits if digits is not None else value
            result = HexNumber(number)
            result.digits = digits if digits is not None else b""
            return result
        case list():
            return [from_json(one) for one in value]
        case dict():
            return {name: from_json(one) for name, one in value.items()}
        case _:
            return value


def parse_item(codec: ItemCodec, value: Json) -> bytes:
    """The bytes of one key or value."""
    if isinstance(value, str):
        if isinstance(codec, PrefixItem) and "/" in value:
            return codec.encode(value)
        data = hex_bytes(value)
        if data is not None and len(data) == codec.size:
            # Untyped integers are read as numbers ("0x10" is 16), everything else as the bytes in memory.
            number = int(value, 16) if isinstance(codec, RawItem) and len(data) in (1, 2, 4, 8) else None
            return data if number is None else codec.encode(number)
        if isinstance(codec, PrefixItem):
            return codec.encode(value)
        number = _integer(value)
        if number is not None:
            return codec.encode(number)
    try:
        return codec.encode(from_json(value))
    except InputError:
        raise
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InputError(f"a key or value is malformed: {error}") from error


def format_item(codec: ItemCodec, data: bytes) -> Json:
    """One key or value in JSON, such that `parse_item` gives the same bytes."""
    shown = to_json(codec.decode(data))
    try:
        if parse_item(codec, shown) == data:
            return shown
    except InputError:
        pass
    return "0x" + data.hex()


def _values(target: KeyedMap, value: Json) -> bytes:
    codec = target.values_as
    if not isinstance(target, PerCpuMap):
        return parse_item(codec, value)
    values = value if isinstance(value, list) and len(value) == target.cpus else [value] * target.cpus
    return target.encode([parse_item(codec, one) for one in values])


def _pairs(target: KeyedMap, seed: Json) -> Iterator[tuple[Json, Json]]:
    if isinstance(seed, Mapping):
        yield from seed.items()
        return
    for entry in seed:
        if not isinstance(entry, Mapping) or set(entry) != {"key", "value"}:
            raise InputError(f"seed of map {target.name!r}: an entry is not {{'key': …, 'value': …}}")
        yield entry["key"], entry["value"]


def load_seed(target: Map, seed: Json) -> int:
    """Store what a seed says; the number of entries. InputError for a malformed one, MapError where the map refuses."""
    if not isinstance(seed, (Mapping, list)):
        raise InputError(f"seed of map {target.name!r}: an object or a list is wanted, not {type(seed).__name__}")
    if isinstance(target, QueueMap):
        if isinstance(seed, Mapping):
            raise InputError(f"seed of map {target.name!r}: a {target.type} takes a list of values")
        for value in seed:
            target.push(parse_item(target.values_as, value))
        return len(seed)
    if not isinstance(target, KeyedMap):
        raise UnsupportedError(f"seed of a {target.type} map")
    for key, value in _pairs(target, seed):
        target.write_bytes(parse_item(target.keys_as, key), _values(target, value))
    return len(seed)


def _key_text(codec: ItemCodec, data: bytes) -> str | None:
    shown = format_item(codec, data)
    text = shown if isinstance(shown, str) else str(shown) if isinstance(shown, int) else None
    return text if text is not None and parse_item(codec, text) == data else None


def dump(source: Map) -> Json:
    """The contents as JSON. Kinds that have none (ring buffers, bloom filters) give None."""
    if isinstance(source, QueueMap):
        values = [format_item(source.values_as, raw) for raw in source.raw_values()]
        # Pushing puts the last one on top of a stack.
        return values[::-1] if source.type == "stack" else values
    if not isinstance(source, KeyedMap):
        return None
    entries = sorted(source.raw_items(), key=lambda entry: _order(source, entry[0]))
    rows = [(_key_text(source.keys_as, key), key, _dump_value(source, value)) for key, value in entries]
    if all(text is not None for text, _, _ in rows):
        return {text: value for text, _, value in rows}
    return [{"key": format_item(source.keys_as, key), "value": value} for _, key, value in rows]


def _order(source: KeyedMap, key: bytes) -> tuple[int, bytes]:
    """The same contents give the same document, whatever the order in the map: numbers by size, bytes as they are."""
    return (int.from_bytes(key, "little") if len(key) in (1, 2, 4, 8) else 0, key)


def _dump_value(source: KeyedMap, data: bytes) -> Json:
    if not isinstance(source, PerCpuMap):
        return format_item(source.values_as, data)
    stride = len(data) // source.cpus
    return [format_item(source.values_as, data[cpu * stride : cpu * stride + source.value_size]) for cpu in range(source.cpus)]
