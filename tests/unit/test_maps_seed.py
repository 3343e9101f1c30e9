"""Seeds and dumps: what one writes the other reads, byte for byte."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.bpfir.module import MapSpec
from bpfcc.errors import BpfccError, InputError, UnsupportedError
from bpfcc.runtime.maps import KeyedMap, Map, MapError, QueueMap, create_map, dump, load_seed
from tests.unit.test_maps import FixedCodec


def make(kind: str, key: int, value: int, entries: int, *, cpus: int = 1, **more: Any) -> Map:
    """A map; typed by FixedCodec where type ids are given."""
    return create_map(MapSpec("m", kind, key, value, entries, **more), cpus=cpus, codec=FixedCodec())


def contents(source: Map) -> list[tuple[bytes, bytes]]:
    """Everything, as bytes."""
    if isinstance(source, QueueMap):
        return [(b"", raw) for raw in source.raw_values()]
    assert isinstance(source, KeyedMap)
    return sorted(source.raw_items())


@pytest.mark.parametrize(
    ("kind", "sizes", "more", "seed", "expected"),
    [
        ("hash", (8, 8), {}, {"1": 2, "0x10": "0x20"}, {"1": 2, "16": 32}),
        ("hash", (3, 5), {}, {"0x010203": "0x0102030405"}, {"0x010203": "0x0102030405"}),
        ("array", (4, 4), {}, [{"key": 1, "value": 7}], {"0": 0, "1": 7}),
        ("lpm_trie", (8, 4), {"flags": 1}, {"10.0.0.0/8": 1, "10.1.1.1": 2}, {"10.0.0.0/8": 1, "10.1.1.1/32": 2}),
        ("percpu_hash", (4, 8), {"cpus": 2}, {"6": [1, 2], "7": 3}, {"6": [1, 2], "7": [3, 3]}),
        ("queue", (0, 4), {}, [1, 2, 3], [1, 2, 3]),
        ("stack", (0, 4), {}, [1, 2, 3], [1, 2, 3]),
        (
            "hash",
            (8, 8),
            {"btf_key_type_id": 1, "btf_value_type_id": 1},
            [{"key": {"a": 1, "b": "0x02"}, "value": {"a": 3}}],
            [{"key": {"a": 1, "b": 2}, "value": {"a": 3, "b": 0}}],
        ),
    ],
)
def test_seed_and_dump(kind: str, sizes: tuple[int, int], more: dict[str, Any], seed: Any, expected: Any) -> None:
    with (
        make(kind, *sizes, 2 if kind == "array" else 8, **more) as first,
        make(kind, *sizes, 2 if kind == "array" else 8, **more) as second,
    ):
        assert load_seed(first, seed) == len(seed)
        shown = json.loads(json.dumps(dump(first)))
        assert shown == expected
        load_seed(second, shown)
        assert contents(first) == contents(second)


@given(entries=st.dictionaries(st.binary(min_size=8, max_size=8), st.binary(min_size=4, max_size=4), max_size=20))
def test_dumps_are_seeds_of_prefixes(entries: dict[bytes, bytes]) -> None:
    with make("lpm_trie", 8, 4, 64, flags=1) as first, make("lpm_trie", 8, 4, 64, flags=1) as second:
        for key, value in entries.items():
            assert isinstance(first, KeyedMap)
            first.write_bytes(struct.pack("<I", key[0] % 33) + key[4:], value)
        load_seed(second, json.loads(json.dumps(dump(first))))
        assert contents(first) == contents(second)


@given(
    size=st.integers(1, 20),
    data=st.data(),
    typed=st.booleans(),
)
def test_dumps_are_seeds_of_hashes(size: int, data: st.DataObject, typed: bool) -> None:
    more: dict[str, Any] = {"btf_key_type_id": 1} if typed and size == 8 else {}
    entries = data.draw(st.dictionaries(st.binary(min_size=size, max_size=size), st.binary(min_size=size, max_size=size), max_size=12))
    with make("hash", size, size, 16, **more) as first, make("hash", size, size, 16, **more) as second:
        for key, value in entries.items():
            assert isinstance(first, KeyedMap)
            first.write_bytes(key, value)
        load_seed(second, json.loads(json.dumps(dump(first))))
        assert contents(first) == contents(second)


def test_dumps_do_not_depend_on_the_order_in_the_map() -> None:
    dumps = []
    for order in (range(100), reversed(range(100))):
        with make("hash", 4, 4, 128) as table:
            load_seed(table, {str(i): i for i in order})
            dumps.append(json.dumps(dump(table)))
    assert dumps[0] == dumps[1]


@pytest.mark.parametrize(
    "seed",
    [
        5,
        "text",
        None,
        [1],
        [{"key": 1}],
        {"x": 1},
        {"1": "x"},
        {"1": None},
        {"1": []},
        {"0xzz": 1},
        {"1": 2**64},
        {"": 1},
        [{"key": [], "value": 1}],
    ],
)
def test_malformed_seeds_are_input_errors(seed: Any) -> None:
    with make("hash", 4, 4, 8) as table, pytest.raises(InputError):
        load_seed(table, seed)


def test_a_seed_that_does_not_fit() -> None:
    with make("hash", 4, 4, 2) as table, pytest.raises(MapError):
        load_seed(table, {"1": 1, "2": 2, "3": 3})
    with make("queue", 0, 4, 2) as jobs, pytest.raises(InputError):
        load_seed(jobs, {"1": 1})


def test_kinds_without_contents() -> None:
    with make("ringbuf", 0, 0, 4096) as events:
        assert dump(events) is None
        with pytest.raises(UnsupportedError):
            load_seed(events, {})


@given(
    seed=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    )
)
def test_any_json_gives_clean_errors(seed: Any) -> None:
    for kind, key in (("hash", 4), ("percpu_hash", 4), ("lpm_trie", 8), ("queue", 0)):
        with make(kind, key, 8, 8, flags=int(kind == "lpm_trie"), btf_value_type_id=0) as target:
            try:
                load_seed(target, seed)
            except BpfccError:
                continue
