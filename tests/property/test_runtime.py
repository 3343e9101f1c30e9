"""Helpers against plain Python: checksums, numbers, formats, bytes of packets, routes, and what guest memory lets through."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpfcc.bpfir.module import MapSpec
from bpfcc.errors import InputError
from bpfcc.runtime.contexts import context_codec
from bpfcc.runtime.memory import CONTEXT_BASE, STACK_BASE, USER_BASE
from bpfcc.runtime.options import Route, RunOptions
from bpfcc.runtime.specs import load_platform
from bpfcc.runtime.specs.check import check_table
from tests.runtime_harness import Lab, signed

words = st.integers(0, (1 << 32) - 1)
data = st.binary(max_size=64)


@pytest.fixture(scope="module")
def lab() -> Lab:
    return Lab("sched_cls", packet=bytes(200))


def sum16(*parts: bytes) -> int:
    total = 0
    for part in parts:
        padded = part + b"\0" * (len(part) % 2)
        total += sum(struct.unpack(f"<{len(padded) // 2}H", padded))
    return total % 0xFFFF


@given(old=data, new=data, seed=words)
def test_csum_diff(lab: Lab, old: bytes, new: bytes, seed: int) -> None:
    lab.begin()
    result = lab.call("csum_diff", lab.put(old) if old else 0, len(old), lab.put(new) if new else 0, len(new), seed)
    assert 0 <= result <= 0xFFFF
    assert result % 0xFFFF == (sum16(new) - sum16(old) + seed) % 0xFFFF


@given(header=st.binary(min_size=20, max_size=20), offset=st.integers(0, 8).map(lambda word: word * 2), new=st.integers(0, 0xFFFF))
def test_replacing_a_checksum_keeps_the_sum(header: bytes, offset: int, new: int) -> None:
    if offset == 10:
        offset = 12
    with Lab("sched_cls", packet=header) as lab:
        old = int.from_bytes(header[offset : offset + 2], "little")
        assert lab.call("l3_csum_replace", lab.ctx, 10, old, new, 2) == 0
        assert lab.call("skb_store_bytes", lab.ctx, offset, lab.put(new.to_bytes(2, "little")), 2, 0) == 0
        assert sum16(lab.run.packet()) == sum16(header)


@given(number=st.integers(-(1 << 63), (1 << 63) - 1), base=st.sampled_from([8, 10, 16]), junk=st.sampled_from([b"", b" ", b"z", b"\n"]))
def test_strtol(lab: Lab, number: int, base: int, junk: bytes) -> None:
    lab.begin()
    text = format(number, {8: "o", 10: "d", 16: "x"}[base]).encode()
    room = lab.room(8)
    assert lab.call("strtol", lab.put(text + junk), len(text + junk), base, room) == len(text)
    assert struct.unpack("<q", lab.get(room, 8)) == (number,)


@given(
    arguments=st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=4),
    width=st.integers(0, 30),
    flags=st.sampled_from(["", "-", "0", "+"]),
)
def test_format(lab: Lab, arguments: list[int], width: int, flags: str) -> None:
    lab.begin()
    spec = f"%{flags}{width or ''}ld"
    text = "|".join([spec] * len(arguments))
    words_in = struct.pack(f"<{len(arguments)}q", *arguments)
    address = lab.put(words_in) if arguments else 0
    length = lab.call("trace_vprintk", lab.put(text.encode() + b"\0"), len(text) + 1, address, len(words_in))
    expected = text % tuple(arguments)
    assert length == len(expected)
    assert [record.text for record in lab.runtime.take_log()] == [expected]  # type: ignore[union-attr]


@given(packet=st.binary(min_size=14, max_size=120), offset=st.integers(-2, 130), piece=st.binary(min_size=1, max_size=40))
def test_bytes_of_a_packet(packet: bytes, offset: int, piece: bytes) -> None:
    with Lab("sched_cls", packet=packet) as lab:
        fits = offset >= 0 and offset + len(piece) <= len(packet)
        room = lab.room(len(piece))
        loaded = lab.call("skb_load_bytes", lab.ctx, offset, room, len(piece))
        assert loaded == (0 if fits else -14)
        assert lab.get(room, len(piece)) == (packet[offset : offset + len(piece)] if fits else bytes(len(piece)))
        stored = lab.call("skb_store_bytes", lab.ctx, offset, lab.put(piece), len(piece), 0)
        assert stored == (0 if fits else -14)
        assert lab.run.packet() == (packet[:offset] + piece + packet[offset + len(piece) :] if fits else packet)


@given(st.lists(st.tuples(st.sampled_from(["head", "tail", "meta"]), st.integers(-300, 300)), max_size=12))
def test_moving_the_ends_keeps_what_is_between(moves: list[tuple[str, int]]) -> None:
    packet = bytes(range(200))
    with Lab("xdp", packet=packet) as lab:
        model = bytearray(256) + packet
        data, end, meta = 256, 456, 256
        for which, delta in moves:
            old = (data, end, meta)
            result = lab.call(f"xdp_adjust_{which}", lab.ctx, delta)
            if which == "head" and result == 0:
                model[meta + delta : data + delta] = model[meta:data]
                data, meta = data + delta, meta + delta
            elif which == "tail" and result == 0:
                end += delta
                model = (model[:end] if delta <= 0 else model[: old[1]] + bytes(delta)) if end != old[1] else model
            elif which == "meta" and result == 0:
                meta += delta
            assert (result == 0) or old == (data, end, meta)
            assert 40 <= meta <= data <= end - 14
            assert lab.data_end - lab.data == end - data
            assert lab.run.packet() == bytes(model[data:end])
            assert lab.run.metadata() == bytes(model[meta:data])
            assert lab.access(lab.data - (data - meta), end - meta, write=True) is None
            assert lab.access(lab.data_end, 1) == "access"


@given(
    routes=st.lists(st.tuples(words, st.integers(0, 32), st.integers(0, 3)), max_size=12),
    target=words,
    near=st.booleans(),
)
@settings(max_examples=60)
def test_longest_prefix(routes: list[tuple[int, int, int]], target: int, near: bool) -> None:
    if routes and near:
        target = routes[0][0] ^ (target & 0xFF)
    networks = [ipaddress.ip_network((address >> (32 - bits) << (32 - bits) if bits else 0, bits)) for address, bits, _ in routes]
    made = [
        Route(str(network), ifindex=index + 1, metric=route[2]) for index, (network, route) in enumerate(zip(networks, routes, strict=True))
    ]
    address = ipaddress.ip_address(target)
    matching = [
        (-network.prefixlen, route.metric, route.ifindex) for network, route in zip(networks, made, strict=True) if address in network
    ]
    with Lab("xdp", packet=b"", options=RunOptions(routes=made)) as lab:
        params = lab.put(struct.pack("<B7xI20x", 2, 1) + address.packed + bytes(28))
        result = lab.call("fib_lookup", lab.ctx, params, 64, 4)
        assert result == (0 if matching else 4)
        if matching:
            assert struct.unpack_from("<I", lab.get(params, 64), 8)[0] == min(matching)[2]


# ---- guest memory against a model in Python

VALUES = MapSpec("values", "array", 4, 10, 5)
interesting = st.one_of(
    st.integers(0, (1 << 33) - 1),
    st.integers(-20, 20).map(lambda d: STACK_BASE + 4096 + d),
    st.integers(-20, 20).map(lambda d: STACK_BASE + 3584 + d),
    st.integers(-5, 200).map(lambda d: CONTEXT_BASE + d),
    st.integers(-20, 90).map(lambda d: 0x0300_0000 + 256 + d),
    st.integers(-5, 100).map(lambda d: 0x1000_0000 + d),
    st.integers(-5, 20).map(lambda d: USER_BASE + d),
)


@given(address=interesting, size=st.one_of(st.sampled_from([1, 2, 4, 8]), st.integers(1, 600)), write=st.booleans())
@settings(max_examples=400)
def test_guest_memory_is_what_the_model_says(memory: Lab, address: int, size: int, write: bool) -> None:
    codec = memory.run.codec
    assert codec is not None
    names = codec.writable_fields if write else codec.readable_fields
    context = {CONTEXT_BASE + each.offset + at for each in codec.spec.fields if each.name in names for at in range(each.size)}

    def allowed(at: int) -> bool:
        stack = STACK_BASE + 3584 <= at < STACK_BASE + 4096
        packet = 0x0300_0100 <= at < 0x0300_0100 + 60
        user = USER_BASE <= at < USER_BASE + 12 and not write
        values = 0x1000_0000 <= at < 0x1000_0000 + 80 and (at - 0x1000_0000) % 16 < 10
        return stack or packet or user or values or at in context

    inside = all(allowed(at) for at in range(address, address + size))
    memory.take_trap()
    assert (memory.access(address, size, write=write) is None) == inside


@pytest.fixture(scope="module")
def memory() -> Lab:
    lab = Lab("sched_cls", packet=bytes(60), maps=[VALUES])
    lab.run.set_memory(0, bytes(12), writable=False)
    return lab


# ---- data


@given(
    st.dictionaries(st.sampled_from(["mark", "priority", "tc_index", "ifindex", "tstamp", "tstamp_type"]), st.integers(-(1 << 64), 1 << 64))
)
def test_contexts_come_back(values: dict[str, int]) -> None:
    codec = context_codec(load_platform("linux"), "sched_cls")
    assert codec is not None
    try:
        raw = codec.encode(values)
    except InputError:
        sizes = {each.name: 8 * each.size for each in codec.spec.fields}
        assert any(not -(1 << (sizes[name] - 1)) <= value < 1 << sizes[name] for name, value in values.items())
        return
    decoded = codec.decode(raw)
    for name, value in values.items():
        field = codec.spec.field(name)
        assert field is not None
        assert decoded[name] == value % (1 << 8 * field.size)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 1 << 33) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = ["schema", "name", "helpers", "contexts", "program_types", "map_types", "runtime", "helper_sets"]


@given(st.dictionaries(st.sampled_from(KEYS), json_values))
def test_any_table_gets_findings_and_no_traceback(table: dict[str, object]) -> None:
    assert all(isinstance(place, str) and what for place, what in check_table(table))


def test_signed() -> None:
    assert (signed((1 << 64) - 1), signed(5)) == (-1, 5)
