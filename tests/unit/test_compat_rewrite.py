"""The rewritten IR: contexts, helpers, errors and small emulations do there what they do on Linux; and what cannot be is said."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

import bpfcc
from bpfcc.bpfir.check import check
from bpfcc.bpfir.module import MapSpec
from bpfcc.bpfir.ops import Branch, Call, CallFunction, Load
from bpfcc.compat.rewrite import to_windows, uses
from bpfcc.errors import InputError
from bpfcc.porting import port
from bpfcc.runtime.maps.types import MapError
from tests.compat_harness import KEEP, OPTIONS, SEEN, Pair, entry, ported, xdp

HASH = MapSpec("m", "hash", 4, 4, 2)
ARRAY = MapSpec("m", "array", 4, 4, 2)
CONNECT4: dict[str, Any] = {"type": "cgroup_sock_addr", "attach_type": "cgroup_inet4_connect"}
CONNECT6: dict[str, Any] = {"type": "cgroup_sock_addr", "attach_type": "cgroup_inet6_connect"}
BIND4: dict[str, Any] = {"type": "cgroup_sock_addr", "attach_type": "cgroup_inet4_bind"}
SOCK_OPS: dict[str, Any] = {"type": "sock_ops", "attach_type": "cgroup_sock_ops"}
HEADERS = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_endian.h>\n"


def seen(outcome: Any) -> int:
    """What the program kept."""
    (value,) = outcome.maps["seen"].values()
    return int.from_bytes(value, "little") if isinstance(value, bytes) else int(value)


def compiled(source: str, folder: Path) -> bpfcc.Program:
    """The only program of a C source."""
    path = folder / "x.bpf.c"
    path.write_text(HEADERS + source, encoding="utf-8")
    (program,) = bpfcc.compile(path).programs.values()
    return program


# ---- contexts


@pytest.mark.parametrize(
    ("access", "options", "linux", "windows", "value"),
    [
        ("u32 28", CONNECT4, {"family": 2}, {"family": 2}, 2),
        ("u32 28", CONNECT6, {"family": 10}, {"family": 23}, 10),
        ("u32 0", CONNECT6, {"user_family": 10}, {"family": 23}, 10),
        ("u32 24", CONNECT4, {"user_port": 0x1234}, {"user_port": 0x1234}, 0x1234),
        ("u16 24", CONNECT4, {"user_port": 0x1234}, {"user_port": 0x1234}, 0x1234),
        ("u8 25", CONNECT4, {"user_port": 0x1234}, {"user_port": 0x1234}, 0x12),
        ("u16 26", CONNECT4, {"user_port": 0x1234}, {"user_port": 0x1234}, 0),
        ("u32 4", CONNECT4, {"user_ip4": 0x0100007F}, {"user_ip4": 0x0100007F}, 0x0100007F),
        ("u8 7", CONNECT4, {"user_ip4": 0x0100007F}, {"user_ip4": 0x0100007F}, 1),
        ("u64 16", CONNECT6, {"user_ip6": (1, 2, 3, 4)}, {"user_ip6": (1, 2, 3, 4)}, 3 | 4 << 32),
        ("u32 36", CONNECT4, {"protocol": 17}, {"protocol": 17}, 17),
        ("u32 32", CONNECT4, {"type": 1}, {"protocol": 6}, 1),
        ("u32 32", CONNECT4, {"type": 2}, {"protocol": 17}, 2),
        ("u32 32", CONNECT4, {"type": 3}, {"protocol": 1}, 3),
        ("u32 0", SOCK_OPS, {"op": 4}, {"op": 0}, 4),
        ("u32 0", SOCK_OPS, {"op": 5}, {"op": 1}, 5),
        ("u32 20", SOCK_OPS, {"family": 10}, {"family": 23}, 10),
        ("u32 24", SOCK_OPS, {"remote_ip4": 7}, {"remote_ip4": 7, "family": 2}, 7),
        ("u32 28", SOCK_OPS, {"local_ip4": 8}, {"local_ip4": 8, "family": 2}, 8),
        ("u32 60", SOCK_OPS, {"local_ip6": (0, 0, 0, 9)}, {"local_ip6": (0, 0, 0, 9), "family": 23}, 9),
        # The other family's bytes are none of the program's.
        ("u32 24", SOCK_OPS, {}, {"remote_ip6": (7, 7, 7, 7), "family": 23}, 0),
        ("u32 48", SOCK_OPS, {}, {"local_ip4": 7, "family": 2}, 0),
        # Port 80: in the upper half in network order, and in host order; there in the lower half in network order.
        ("u32 64", SOCK_OPS, {"remote_port": 0x5000_0000}, {"remote_port": 0x5000}, 0x5000_0000),
        ("u32 68", SOCK_OPS, {"local_port": 80}, {"local_port": 0x5000}, 80),
        ("u32 72", SOCK_OPS, {"is_fullsock": 1}, {}, 1),
        ("u32 12", {}, {"ingress_ifindex": 5}, {"ingress_ifindex": 5}, 5),
    ],
)  # fmt: skip
def test_fields(access: str, options: dict[str, Any], linux: dict[str, Any], windows: dict[str, Any], value: int) -> None:
    size, offset = access.split()
    with Pair(xdp(f"r0 = *({size} *)(r1 + {offset})\n{KEEP}", [SEEN], **options)) as pair:
        here, there = pair.run(bytes(64) if not options else None, linux, windows)
        assert [seen(here), seen(there)] == [value, value]
        assert pair.ported.verdict is not None
        assert pair.ported.verdict.accepted


def test_an_address_of_a_field_is_followed() -> None:
    text = "r2 = r1\nr2 += 20\nr1 = 5\nr0 = *(u32 *)(r2 + 4)\n" + KEEP
    with Pair(xdp(text, [SEEN], **CONNECT4)) as pair:
        assert [seen(each) for each in pair.run(None, {"user_port": 0x5000})] == [0x5000, 0x5000]


def test_the_context_in_a_function() -> None:
    text = "call port\n" + KEEP + "port:\nr0 = *(u32 *)(r1 + 24)\nexit"
    with Pair(xdp(text, [SEEN], **CONNECT4)) as pair:
        assert [seen(each) for each in pair.run(None, {"user_port": 0x5000})] == [0x5000, 0x5000]


def test_addresses_are_rewritten_where_it_is_allowed() -> None:
    text = "r2 = 0x0100007f\n*(u32 *)(r1 + 4) = r2\nr2 = 0x5000\n*(u32 *)(r1 + 24) = r2\nr0 = 1\nexit"
    with Pair(xdp(text, **CONNECT4)) as pair:
        here, there = pair.run(None, {"user_ip4": 1, "user_port": 2})
        for outcome in (here, there):
            assert (outcome.context["user_ip4"], outcome.context["user_port"]) == (0x0100007F, 0x5000)
        # Nothing beside it is touched: the protocol lies behind the port there.
        assert pair.windows.run(None, {"protocol": 17}).context["protocol"] == 17
    refused = ported(text, **BIND4)
    assert {each.name for each in refused.absent} == {"bpf_sock_addr.user_ip4", "bpf_sock_addr.user_port"}
    assert refused.module is None


def test_metadata_are_empty() -> None:
    text = "r2 = *(u32 *)(r1 + 8)\nr0 = *(u32 *)(r1 + 0)\nr0 -= r2\n" + KEEP
    with Pair(xdp(text, [SEEN])) as pair:
        assert [seen(each) for each in pair.run(bytes(64))] == [0, 0]


def test_addresses_are_compared_with_all_their_bits() -> None:
    text = "r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr0 = 1\nif w2 >= w3 goto out\nr0 = 2\nout:\nexit"
    found = ported(text)
    assert found.module is not None
    branches = [op for op in found.module.entry.ops() if isinstance(op, Branch) and op.kind != "eq"]
    assert [op.width_bits for op in branches] == [64]
    with Pair(xdp(text), found) as pair:
        assert [pair.run(packet)[1].value for packet in (b"", b"x")] == [2, 1]


def test_what_may_be_an_address_or_a_number_is_left_to_the_verifier() -> None:
    text = """
    r2 = *(u32 *)(r1 + 0)
    r4 = *(u32 *)(r1 + 12)
    if r4 == 1 goto on
    r2 = 5
    on:
    if r4 == 1 goto out
    w2 += 1
    out:
    r0 = r2
    r0 = 2
    exit
    """
    found = ported(text)
    assert found.module is not None
    assert found.verdict is not None
    assert found.verdict.accepted, found.verdict.findings


@pytest.mark.parametrize("test", ["if w2 == 0 goto out", "if w2 != 0 goto more\ngoto out\nmore:"])
def test_no_packet_address_is_null(test: str) -> None:
    text = (
        f"r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\n{test}\nr4 = r2\nr4 += 14\nif r4 > r3 goto out\n"
        "r0 = *(u8 *)(r2 + 12)\nr0 &= 1\nr0 += 1\nexit\nout:\nr0 = 3\nexit"
    )
    with Pair(xdp(text)) as pair:
        assert pair.ported.verdict is not None
        assert pair.ported.verdict.accepted, pair.ported.verdict.findings
        for packet, expected in ((bytes(14), (1, 2)), (bytes([1]) * 14, (2, 1)), (bytes(13), (3, 3))):
            assert tuple(each.value for each in pair.run(packet)) == expected


def test_a_distance_may_be_of_32_bits() -> None:
    text = "r2 = *(u32 *)(r1 + 0)\nr0 = *(u32 *)(r1 + 4)\nr2 += 14\nw0 -= w2\n" + KEEP
    with Pair(xdp(text, [SEEN])) as pair:
        assert [seen(each) for each in pair.run(bytes(64))] == [50, 50]


@pytest.mark.parametrize(
    ("text", "options", "name"),
    [
        ("*(u64 *)(r10 - 8) = r1\nr2 = r10\nr2 += -8\nr1 = map[0] ll\ncall 1\nr0 = 1\nexit", {}, "the context's address stored in memory"),
        ("r2 = *(u32 *)(r1 + 0)\nw2 &= 255\nr0 = r2\nexit", {}, "a packet address used as a number of 32 bits"),
        ("r2 = *(u16 *)(r1 + 0)\nr0 = r2\nexit", {}, "xdp_md.data"),
        ("r2 = *(u32 *)(r1 + 16)\nr0 = r2\nexit", {}, "xdp_md.rx_queue_index"),
        ("r2 = *(u32 *)(r1 + 40)\nr0 = r2\nexit", {}, "xdp_md+40"),
        ("r2 = *(u32 *)(r1 + 76)\nr0 = 1\nexit", SOCK_OPS, "bpf_sock_ops.snd_cwnd"),
        ("r2 = 1\nlock *(u32 *)(r1 + 4) += r2\nr0 = 1\nexit", CONNECT4, "an atomic access to the context"),
        ("r2 = r1\nr2 += 4\nr1 = r2\nr2 = map[0] ll\nr3 = 0\ncall 12\nr0 = 1\nexit", {}, "an address within the context"),
        (
            "r6 = r10\nr6 += -64\nr2 = *(u32 *)(r1 + 12)\nif r2 == 1 goto on\nr6 = r1\non:\nr0 = *(u32 *)(r6 + 12)\nexit",
            {}, "an access to the context or something else",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_said(text: str, options: dict[str, Any], name: str) -> None:
    found = ported(text, [MapSpec("m", "hash", 8, 8, 2)] if "call 1\n" in text else [MapSpec("m", "prog_array", 4, 4, 1)], **options)
    assert entry(found, name).kind == "absent"
    assert (found.module, found.verdict) == (None, None)


# ---- helpers


UPDATE = """
r2 = r10
r2 += -4
r3 = r10
r3 += -8
*(u32 *)(r10 - 4) = {key}
*(u32 *)(r10 - 8) = 7
r4 = {flags}
r1 = map[1] ll
call 2
"""


@pytest.mark.parametrize(
    ("spec", "key", "flags", "expected"),
    [(HASH, 1, 0, 0), (HASH, 1, 2, -2), (HASH, 1, 1, 0), (HASH, 0, 1, -17), (HASH, 9, 7, -22), (ARRAY, 1, 0, 0)],
)
def test_errors_of_update_are_linux_s(spec: MapSpec, key: int, flags: int, expected: int) -> None:
    text = UPDATE.format(key=key, flags=flags) + KEEP
    with Pair(xdp(text, [SEEN, spec])) as pair:
        for side in (pair.linux, pair.windows):
            side.maps["m"].write_bytes(bytes(4), b"abcd")  # type: ignore[attr-defined]
        assert [seen(each) for each in pair.run(bytes(64))] == [expected & (1 << 64) - 1] * 2
        kinds = {each.kind for each in pair.ported.entries if each.name == "bpf_map_update_elem"}
        assert "emulated" in kinds or expected == 0


def test_a_result_that_only_its_sign_is_looked_at_stays() -> None:
    text = UPDATE.format(key=0, flags=1) + "if r0 s< 0 goto bad\nr0 = 2\nexit\nbad:\nr0 = 1\nexit"
    found = ported(text, [SEEN, HASH])
    assert entry(found, "bpf_map_update_elem").kind == "same"
    assert found.module is not None
    assert sum(isinstance(op, Branch) for op in found.module.entry.ops()) == 1


@pytest.mark.parametrize(("spec", "expected"), [(HASH, -2), (ARRAY, -22), (MapSpec("m", "percpu_array", 4, 4, 2), -22)])
def test_errors_of_delete(spec: MapSpec, expected: int) -> None:
    text = "*(u32 *)(r10 - 4) = 1\nr2 = r10\nr2 += -4\nr1 = map[1] ll\ncall 3\n" + KEEP
    with Pair(xdp(text, [SEEN, spec])) as pair:
        assert [seen(each) for each in pair.run(bytes(64))] == [expected & (1 << 64) - 1] * 2
        kind = entry(pair.ported, "bpf_map_delete_elem").kind
        assert kind == "emulated"


@pytest.mark.parametrize(("helper", "pushes", "expected"), [(87, 0, 0), (87, 2, -7), (88, 0, -2), (89, 0, -2), (88, 1, 0)])
def test_errors_of_queues(helper: int, pushes: int, expected: int) -> None:
    third = "r3 = 0\n" if helper == 87 else ""
    text = f"*(u32 *)(r10 - 8) = 5\nr2 = r10\nr2 += -8\n{third}r1 = map[1] ll\ncall {helper}\n" + KEEP
    with Pair(xdp(text, [SEEN, MapSpec("m", "queue", 0, 4, 2)])) as pair:
        for side in (pair.linux, pair.windows):
            for _ in range(pushes):
                side.maps["m"].push(b"wxyz")  # type: ignore[attr-defined]
        assert [seen(each) for each in pair.run(bytes(64))] == [expected & (1 << 64) - 1] * 2


def test_a_full_ring_is_eagain() -> None:
    text = "r1 = map[1] ll\nr2 = r10\nr2 += -512\nr3 = 512\nr4 = 0\ncall 130\n" + KEEP
    zeroed = "".join(f"*(u64 *)(r10 - {at}) = 0\n" for at in range(8, 520, 8))
    with Pair(xdp(zeroed + text, [SEEN, MapSpec("m", "ringbuf", 0, 0, 4096)])) as pair:
        results = [tuple(map(seen, (pair.linux.run(bytes(64), None), pair.windows.run(bytes(64), None)))) for _ in range(1)]
        assert results == [(0, 0)]
        for side in (pair.linux, pair.windows):
            with pytest.raises(MapError):
                for _ in range(99):
                    side.maps["m"].output(bytes(512))  # type: ignore[attr-defined]
        # Nobody reads meanwhile: `run` would, so the map is asked after one of both.
        assert [run_quietly(side) for side in (pair.linux, pair.windows)] == [-11 & (1 << 64) - 1] * 2


def run_quietly(side: Any) -> int:
    side.running.prepare(bytes(64))
    side.bound.run()
    (value,) = side.contents()["seen"].values()
    return int.from_bytes(value, "little") if isinstance(value, bytes) else int(value)


@pytest.mark.parametrize(("helper", "divisor"), [(5, 1), (125, 1), (160, 1), (118, 4_000_000)])
def test_clocks(helper: int, divisor: int) -> None:
    with Pair(xdp(f"call {helper}\n" + KEEP, [SEEN])) as pair:
        there = seen(pair.run(bytes(64))[1])
        assert there == (OPTIONS.clock_ns or 0) // 100 * 100 // divisor or helper == 125


@pytest.mark.parametrize("words", [(0, 0), (0xFFFF_FFFF, 1), (0x1234_5678, 0x9ABC_DEF0)])
def test_checksums(words: tuple[int, int]) -> None:
    text = (
        f"r1 = {words[0]} ll\n*(u32 *)(r10 - 8) = r1\nr1 = {words[1]} ll\n*(u32 *)(r10 - 4) = r1\n"
        "r1 = 0\nr2 = 0\nr3 = r10\nr3 += -8\nr4 = 8\nr5 = 3\ncall 28\n" + KEEP
    )
    with Pair(xdp(text, [SEEN])) as pair:
        here, there = map(seen, pair.run(bytes(64)))
        assert here == there
        assert here < 1 << 16


def test_a_checksum_s_error() -> None:
    text = "*(u64 *)(r10 - 8) = 0\nr1 = 0\nr2 = 0\nr3 = r10\nr3 += -8\nr4 = 7\nr5 = 0\ncall 28\n" + KEEP
    with Pair(xdp(text, [SEEN])) as pair:
        assert list(map(seen, pair.run(bytes(64)))) == [0, 0]
        assert entry(pair.ported, "bpf_csum_diff").kind == "emulated"


@pytest.mark.parametrize(
    ("body", "line", "helper"),
    [
        ('bpf_printk("plain");', "plain", 12), ('bpf_printk("%d", 7);', "7", 13), ('bpf_printk("%u %x", 7, 255);', "7 ff", 14),
        ('bpf_printk("%u %llu %i%%", 1, 2ULL, 3);', "1 2 3%", 15),
    ],
)  # fmt: skip
def test_printed_lines(body: str, line: str, helper: int, tmp_path: Path) -> None:
    program = compiled(f'SEC("xdp") int f(struct xdp_md *ctx) {{ {body} return 2; }} char l[] SEC("license") = "GPL";', tmp_path)
    with Pair(program) as pair:
        here, there = pair.run(bytes(64))
        assert here.records == there.records == (line,)
        assert pair.ported.module is not None
        assert {op.helper for op in pair.ported.module.entry.ops() if isinstance(op, Call)} == {helper}
        assert pair.ported.verdict is not None
        assert pair.ported.verdict.accepted


@pytest.mark.parametrize(
    ("changed", "known"),
    [
        ("", True),
        ("*(u8 *)(r10 - 16) = 1\n", True),
        ("*(u8 *)(r10 - 8) = 37\n", True),
        ("*(u8 *)(r10 - 8) = 38\n", False),
        ("r1 = r6\nr2 = 0\nr3 = r10\nr3 += -8\nr4 = 1\ncall 189\n", False),
        ("r1 = r6\nr2 = 0\nr3 = r10\nr3 += -16\nr4 = 8\ncall 189\n", True),
        ("r1 = r10\nr1 += -16\ncall other\n", False),
        ("r2 = *(u32 *)(r6 + 12)\nr2 &= 7\nr1 = r10\nr1 += -16\nr1 += r2\n*(u8 *)(r1 + 0) = 1\n", False),
    ],
)
def test_a_format_on_the_stack_is_known_while_nothing_else_writes_it(changed: str, known: bool) -> None:
    text = (
        f"r6 = r1\n*(u64 *)(r10 - 16) = 0\n*(u32 *)(r10 - 8) = 0x6425\n{changed}r1 = r10\nr1 += -8\nr2 = 3\nr3 = 7\ncall 6\n"
        "r0 = 2\nexit\nother:\n*(u8 *)(r1 + 8) = 1\nr0 = 0\nexit"
    )
    described = entry(ported(text), "bpf_trace_printk")
    assert ("not known" not in described.reason) == known


def test_four_numbers_at_once_are_too_many(tmp_path: Path) -> None:
    program = compiled('SEC("xdp") int f(struct xdp_md *ctx) { bpf_printk("%d %d %d %d", 1, 2, 3, 4); return 2; }', tmp_path)
    described = entry(to_windows(program), "bpf_trace_vprintk")
    assert (described.kind, described.depends) == ("differs", False)


def test_text_is_not_printed(tmp_path: Path) -> None:
    program = compiled('SEC("xdp") int f(struct xdp_md *ctx) { char s[4] = "abc"; bpf_printk("%s", s); return 2; }', tmp_path)
    described = entry(to_windows(program), "bpf_trace_printk")
    assert (described.kind, described.depends) == ("differs", False)
    assert "'%s'" in described.reason


def test_a_format_on_the_stack_counts_too() -> None:
    text = "r3 = 0x00642520\n*(u32 *)(r10 - 8) = r3\nr1 = r10\nr1 += -8\nr2 = 4\nr3 = 5\nr4 = 6\nr5 = 7\ncall 6\nr0 = 2\nexit"
    found = ported(text)
    assert found.module is not None
    assert [len(op.args) for op in found.module.entry.ops() if isinstance(op, Call)] == [3]


# ---- emulations


def test_reserved_records(tmp_path: Path) -> None:
    program = compiled(
        """struct event { __u32 length; char first; };
        struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
        SEC("xdp") int f(struct xdp_md *ctx) {
            struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
            if (!e) return 1;
            e->length = ctx->data_end - ctx->data;
            e->first = 'x';
            if (e->length > 100) { bpf_ringbuf_discard(e, 0); return 3; }
            bpf_ringbuf_submit(e, 0);
            return 2;
        }""",
        tmp_path,
    )
    with Pair(program) as pair:
        for length, value in ((64, 1), (200, 3)):
            here, there = pair.run(bytes(length))
            assert there.value == value
            # What the program does not write is zero there.
            assert there.records == ((struct.pack("<Ic3x", length, b"x"),) if value == 1 else ())
            assert [each[:5] for each in here.records] == [each[:5] for each in there.records]  # type: ignore[index]
        assert pair.ported.verdict is not None
        assert pair.ported.verdict.accepted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("*(u64 *)(r10 - 512) = 0\nr1 = map[0] ll\nr2 = 600\nr3 = 0\ncall 131\nr0 = 2\nexit", "does not fit on the stack"),
        ("r2 = *(u32 *)(r1 + 12)\nr1 = map[0] ll\nr3 = 0\ncall 131\nr0 = 2\nexit", "whose size is not constant"),
        ("r1 = *(u32 *)(r1 + 12)\nr2 = 0\ncall 132\nr0 = 2\nexit", "cannot be told where the record was reserved"),
    ],
)
def test_records_that_cannot_be(text: str, reason: str) -> None:
    found = ported(text, [MapSpec("m", "ringbuf", 0, 0, 4096)])
    assert any(reason in each.reason for each in found.absent)


LOOP = """
struct state {{ __u32 sum, until; }};
static long step(__u32 i, struct state *s) {{ s->sum += i; return i == s->until; }}
struct {{ __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); }} seen SEC(".maps");
SEC("xdp") int f(struct xdp_md *ctx) {{
    struct state s = {{0, ctx->ingress_ifindex}};
    long n = bpf_loop({rounds}, step, &s, 0);
    __u32 zero = 0; __u64 found = ((__u64)n << 32) | s.sum;
    bpf_map_update_elem(&seen, &zero, &found, 0);
    return 2;
}}
"""


@pytest.mark.parametrize(("rounds", "until"), [(10, 99), (10, 3), (0, 0), (1, 0)])
def test_loops(rounds: int, until: int, tmp_path: Path) -> None:
    with Pair(compiled(LOOP.format(rounds=rounds), tmp_path)) as pair:
        here, there = pair.run(bytes(64), {"ingress_ifindex": until})
        assert here.maps == there.maps
        assert pair.ported.module is not None
        assert sum(isinstance(op, CallFunction) for op in pair.ported.module.entry.ops()) == 1
        assert pair.ported.verdict is not None
        assert pair.ported.verdict.accepted, pair.ported.verdict.findings


def test_too_many_rounds(tmp_path: Path) -> None:
    with Pair(compiled(LOOP.format(rounds="(1 << 23) + 1"), tmp_path)) as pair:
        here, there = pair.run(bytes(64), {"ingress_ifindex": 9})
        assert here.maps == there.maps


@pytest.mark.parametrize("offset", [0, 1, 54, 55, 59, 60, 61, 64, 65, 0xFFFF, 0x1_0000, 0xFFFF_FFFF])
@pytest.mark.parametrize("helper", [189, 190])
def test_bytes_of_packets(offset: int, helper: int) -> None:
    text = (
        f"*(u64 *)(r10 - 32) = 0x61626364\nr2 = {offset - (1 << 32) if offset >> 31 else offset}\n"
        f"r3 = r10\nr3 += -32\nr4 = 4\ncall {helper}\nr6 = *(u32 *)(r10 - 32)\nr0 <<= 32\nr0 |= r6\n" + KEEP
    )
    with Pair(xdp(text, [SEEN])) as pair:
        packet = bytes(range(1, 65))
        here, there = pair.run(packet)
        assert (seen(here), here.packet) == (seen(there), there.packet)
        assert pair.ported.verdict is not None
        assert pair.ported.verdict.accepted, pair.ported.verdict.findings


def test_the_packet_s_length() -> None:
    with Pair(xdp("call 188\n" + KEEP, [SEEN])) as pair:
        assert [[seen(each) for each in pair.run(bytes(length))] for length in (0, 64, 1500)] == [[0, 0], [64, 64], [1500, 1500]]


def test_a_tail_call_in_a_function_is_absent() -> None:
    text = "call f\nr0 = 2\nexit\nf:\nr2 = map[0] ll\nr3 = 0\ncall 12\nr0 = 0\nexit"
    found = ported(text, [MapSpec("m", "prog_array", 4, 4, 1)])
    assert "in a function" in entry(found, "bpf_tail_call").reason


def test_perf_buffers() -> None:
    text = "*(u64 *)(r10 - 8) = 0x55\nr2 = map[0] ll\nr3 = 0xffffffff ll\nr4 = r10\nr4 += -8\nr5 = 8\ncall 25\nr0 = 2\nexit"
    found = ported(text, [MapSpec("m", "perf_event_array", 4, 4, 1)])
    assert found.module is not None
    made = found.module.maps[0]
    assert (made.key_size, made.value_size, made.max_entries) == (0, 0, 65536)
    assert entry(found, "m (perf_event_array)").kind == "emulated"
    assert found.verdict is not None
    assert found.verdict.accepted
    with Pair(xdp(text, [MapSpec("m", "perf_event_array", 4, 4, 1)]), found) as pair:
        here, there = pair.run(bytes(64))
        assert (here.value, there.value) == (2, 1)
        assert here.records == there.records != ()


def test_deleting_from_an_inner_array_is_an_error() -> None:
    text = """
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[0] ll
    call 1
    if r0 == 0 goto out
    r1 = r0
    r2 = r10
    r2 += -4
    call 3
    out:
    r0 = 2
    exit
    """
    for kind, expected in (("array", ["emulated"]), ("hash", ["same"])):
        found = ported(text, [MapSpec("outer", "array_of_maps", 4, 4, 2, inner=MapSpec("inner", kind, 4, 4, 2))])
        assert sorted(each.kind for each in found.entries if each.name == "bpf_map_delete_elem") == expected


# ---- what is hostile


def test_more_than_anyone_writes() -> None:
    casts = "r0 = *(u32 *)(r1 + 12)\n" + "w0 = (s8)w0\nw0 = (s16)w0\n" * 3000 + "exit"
    assert entry(ported(casts), "a computed value").kind == "emulated"
    reserve = "r1 = map[0] ll\nr2 = 8\nr3 = 0\ncall 131\nr1 = r0\nr2 = 0\ncall 132\n"
    found = ported(reserve * 65 + "r0 = 2\nexit", [MapSpec("m", "ringbuf", 0, 0, 4096)])
    assert entry(found, "bpf_ringbuf_submit").kind == "absent"


def test_questions_have_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "BUDGET", 0)
    assert [each.name for each in ported("r0 = 2\nexit").entries if each.what == "return"] == ["a computed value"]
    found = ported(UPDATE.format(key=0, flags=1) + "if r0 s< 0 goto bad\nbad:\nr0 = 1\nexit", [SEEN, HASH])
    # With no knowledge the errors are translated.
    assert entry(found, "bpf_map_update_elem").kind == "emulated"


# ---- differences, and whether they matter


def test_a_hash_that_is_never_full_matters_where_the_program_fills_it() -> None:
    filled = entry(ported(UPDATE.format(key=1, flags=0) + "r0 = 2\nexit", [SEEN, HASH]), "m (hash)")
    assert (filled.kind, filled.depends) == ("differs", True)
    read = "*(u32 *)(r10 - 4) = 1\nr2 = r10\nr2 += -4\nr1 = map[0] ll\ncall 1\nr0 = 2\nexit"
    assert entry(ported(read, [HASH]), "m (hash)").depends is False


def test_flags_that_are_ignored() -> None:
    text = "*(u64 *)(r10 - 8) = 0\nr1 = map[0] ll\nr2 = r10\nr2 += -8\nr3 = 8\nr4 = {}\ncall 130\nr0 = 2\nexit"
    maps = [MapSpec("m", "ringbuf", 0, 0, 4096)]
    assert entry(ported(text.format(0), maps), "bpf_ringbuf_output").kind == "same"
    assert entry(ported(text.format(1), maps), "bpf_ringbuf_output").depends is False


def test_places_are_those_of_the_source(tmp_path: Path) -> None:
    program = compiled('SEC("xdp") int f(struct xdp_md *ctx)\n{\n\treturn bpf_ktime_get_ns() > 5\n\t? 1 : 2;\n}', tmp_path)
    (place,) = entry(to_windows(program), "bpf_ktime_get_ns").places
    assert place.source is not None
    assert (Path(place.source.file).name, place.source.line, place.function) == ("x.bpf.c", 6, "f")


# ---- the module, its verdict


def test_the_program_s_own_ir_is_left_alone() -> None:
    program = xdp("r0 = *(u32 *)(r1 + 12)\nexit")
    before = program.ir_digest
    found = to_windows(program)
    assert found.module is not None
    check(found.module)
    assert bpfcc.Program.from_bytes(program.bytecode.code, type="xdp").ir_digest == before
    assert [op.offset for op in program.ir.entry.ops() if isinstance(op, Load)] == [12]


def test_what_is_rejected_there_has_its_findings() -> None:
    found = port(xdp("r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 + 0)\nexit"))
    assert found.module is not None
    assert found.verdict is not None
    assert (found.verdict.status, found.verdict.platform) == ("rejected", "windows")
    assert [each.code for each in found.verdict.findings] == ["V011"]


def test_a_program_of_no_type() -> None:
    found = to_windows(bpfcc.Program.from_bytes(bytes.fromhex("b700000000000000 9500000000000000")))
    assert [each.reason for each in found.absent] == ["the section does not tell the type"]


def test_kernel_functions_are_absent(tmp_path: Path) -> None:
    source = """extern int bpf_xdp_metadata_rx_hash(const struct xdp_md *c, __u32 *h) __ksym;
    SEC("xdp") int f(struct xdp_md *ctx) { __u32 h; return bpf_xdp_metadata_rx_hash(ctx, &h) ? 1 : 2; }"""
    found = to_windows(compiled(source, tmp_path))
    assert entry(found, "bpf_xdp_metadata_rx_hash").what == "kernel"
    assert found.module is None


def test_code_that_cannot_be_lifted() -> None:
    with pytest.raises(InputError):
        to_windows(bpfcc.Program.from_bytes(bytes.fromhex("b700000000000000"), type="xdp"))
