"""Programs in the running kernel against the same programs here; what Linux does not run, and that nothing is left behind."""

from __future__ import annotations

import ctypes
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpfcc
from bpfcc.backends.kernel import syscall
from bpfcc.backends.kernel.load import useful_lines
from bpfcc.backends.kernel.maps import KernelCalls
from bpfcc.backends.kernel.testrun import SHAPES, Driver
from bpfcc.backends.kernel.types import loadable
from bpfcc.captures import open_capture
from bpfcc.cli.app import run as run_command
from bpfcc.frontend.btf import Btf
from bpfcc.program import Object, Program
from bpfcc.runtime.contexts import context_codec
from bpfcc.runtime.maps import KeyedMap, MapError, MissingKeyError, PerCpuMap, PerfBuffer, QueueMap, RingBuffer
from bpfcc.runtime.specs import load_platform
from tests.kernel import needs_kernel

ROOT = Path(__file__).parents[2]
FRAME = bytes.fromhex("020000000001 020000000002 0800 4500003c1c4640004011b1e6ac100a63ac100a0c") + bytes(range(26))
DATAGRAM = FRAME[14:]
SHORT, LONG = FRAME[:33], FRAME + bytes(200)

SOURCE = """
#include <linux/bpf.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
struct counter { __u64 packets; __u32 last; __u32 reserved; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, struct counter); } table SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); } percpu SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } odd SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 8); __type(value, __u32); } lengths SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_STACK); __uint(max_entries, 8); __type(value, __u32); } stacked SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_BLOOM_FILTER); __uint(max_entries, 64); __type(value, __u32); } bloom SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __type(key, __u32); __type(value, __u32); } perf SEC(".maps");
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); }
	one SEC(".maps"), two SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 4); __type(key, __u32); __array(values, struct inner); }
	outer SEC(".maps") = { .values = { [0] = &one, [2] = &two } };
struct locked { struct bpf_spin_lock lock; __u32 count; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct locked); } guarded SEC(".maps");
struct prefix { __u32 bits; __u8 address[4]; };
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(max_entries, 16); __uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix); __type(value, __u32); } routes SEC(".maps");
int seen = 3;
const volatile int limit = 5;
static int odd_or_even[2];

static long add(__u32 i, void *sum) { *(__u64 *)sum += i; return 0; }

SEC("xdp") int everything(struct xdp_md *ctx)
{
	__u32 length = ctx->data_end - ctx->data, key = length & 7, zero = 0;
	struct counter *found = bpf_map_lookup_elem(&table, &key), fresh = {1, length, 0};
	if (found) { found->packets++; found->last = length; } else bpf_map_update_elem(&table, &key, &fresh, BPF_ANY);
	key &= 3;
	__u64 *sum = bpf_map_lookup_elem(&percpu, &key);
	if (sum) *sum += length;
	bpf_map_update_elem(&odd, &key, &length, BPF_ANY);
	bpf_map_push_elem(&lengths, &length, BPF_EXIST);
	bpf_map_push_elem(&stacked, &length, BPF_EXIST);
	bpf_map_push_elem(&bloom, &length, 0);
	bpf_ringbuf_output(&ring, &length, sizeof(length), 0);
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &length, sizeof(length));
	key = length & 2;
	void *in = bpf_map_lookup_elem(&outer, &key);
	if (in && (sum = bpf_map_lookup_elem(in, &zero))) __sync_fetch_and_add(sum, length);
	struct locked *lock = bpf_map_lookup_elem(&guarded, &zero);
	if (lock) { bpf_spin_lock(&lock->lock); lock->count++; bpf_spin_unlock(&lock->lock); }
	seen += limit;
	odd_or_even[length & 1]++;
	__u64 total = 0;
	bpf_loop(limit, add, &total, 0);
	return total;
}

SEC("xdp") int route(struct xdp_md *ctx)
{
	struct prefix key = { 32, { 10, 1, 2, 3 } };
	__u32 *found = bpf_map_lookup_elem(&routes, &key);
	return found ? *found + limit : 0;
}

SEC("xdp") int grow(struct xdp_md *ctx) { bpf_xdp_adjust_head(ctx, -8); return XDP_TX; }
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4); __type(key, __u32); __array(values, int(void *)); }
	jumps SEC(".maps") = { .values = { [1] = (void *)&grow, [2] = (void *)&everything } };
SEC("xdp") int jump(struct xdp_md *ctx) { bpf_tail_call(ctx, &jumps, ctx->rx_queue_index + 1); return XDP_ABORTED; }
SEC("xdp") int nowhere(struct xdp_md *ctx) { bpf_tail_call(ctx, &jumps, 3); return 9; }

__attribute__((noinline)) int by_global(struct xdp_md *ctx, int n) { return n ? ctx->ingress_ifindex + n : 0; }
SEC("xdp") int global_function(struct xdp_md *ctx) { return by_global(ctx, 4); }
SEC("xdp") int negative(struct xdp_md *ctx) { return -7; }

SEC("tc") int marks(struct __sk_buff *skb)
{
	skb->mark = skb->len + skb->ingress_ifindex;
	skb->cb[1] = bpf_ntohs(skb->protocol);
	__u8 last = 0xee;
	bpf_skb_store_bytes(skb, skb->len - 1, &last, 1, 0);
	return skb->cb[0];
}
SEC("socket") int tail_of_header(struct __sk_buff *skb)
{
	__u8 last = 0;
	bpf_skb_load_bytes(skb, 13, &last, 1);
	return skb->len + 256 * bpf_ntohs(skb->protocol) + last;
}
static __always_inline int is_udp(struct __sk_buff *skb)
{
	struct iphdr *ip = (void *)(long)skb->data;
	return (void *)(ip + 1) <= (void *)(long)skb->data_end && ip->protocol == 17;
}
SEC("cgroup_skb/egress") int cgroup(struct __sk_buff *skb) { return is_udp(skb); }
SEC("lwt_xmit") int light(struct __sk_buff *skb) { return is_udp(skb) ? BPF_DROP : BPF_OK; }
SEC("raw_tp/sys_enter") int sums(struct bpf_raw_tracepoint_args *ctx) { return ctx->args[0] + ctx->args[1]; }
SEC("syscall") int called(__u64 *ctx) { ctx[1] = ctx[0] + 1; return 7; }
SEC("sk_lookup") int web(struct bpf_sk_lookup *ctx) { return ctx->local_port == 80 ? SK_PASS : SK_DROP; }
SEC("flow_dissector") int dissect(struct __sk_buff *skb) { skb->flow_keys->thoff = 34; return BPF_OK; }
SEC("kprobe/x") int probe(void *ctx) { return 0; }
SEC("kprobe.multi/x") int probes(void *ctx) { return 0; }
SEC("xdp") int unbounded(struct xdp_md *ctx) { char *data = (void *)(long)ctx->data; return data[3]; }

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern int bpfcc_no_such_function(void) __ksym __weak;
extern int bpfcc_nor_this(void) __ksym;
SEC("tc") int kernel_functions(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return bpfcc_no_such_function ? bpfcc_no_such_function() : 3;
}
SEC("tc") int missing_function(struct __sk_buff *skb) { return bpfcc_nor_this(); }
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kernel") / "many.bpf.c"
    path.write_text(SOURCE)
    return path


@pytest.fixture(scope="module")
def many(source: Path) -> Object:
    return bpfcc.compile(source)


def contents(made: Any) -> Any:
    """What is in a map, whoever has it; per-CPU values added up, and without what numbers maps and programs."""
    if isinstance(made, PerCpuMap):
        return {str(key): sum(values) if isinstance(values[0], int) else values for key, values in made.entries()}
    if made.type in ("prog_array", "array_of_maps"):
        return {key for key, _ in made.entries()}
    if isinstance(made, KeyedMap):
        return {str(key): value for key, value in made.entries()}
    if isinstance(made, QueueMap):
        return list(made)
    if isinstance(made, RingBuffer):
        return list(made.consume())
    return [event.data for event in made.consume()] if isinstance(made, PerfBuffer) else None


def everywhere(program: Program, packets: list[bytes], **options: Any) -> tuple[list[Any], list[Any]]:
    """(results, map contents) by the interpreter and by the kernel."""
    out: list[list[Any]] = []
    for backend in ("interp", "kernel"):
        with bpfcc.prepare(program, backend=backend, checked=backend == "interp", **options) as exe:
            results = [(each.return_value, each.packet) for each in exe.run_batch(packets)]
            out.append([results, {name: contents(made) for name, made in exe.maps.items()}])
    return out[0], out[1]


def descriptors() -> list[str]:
    """The file descriptors of this process."""
    return sorted(each.name for each in Path("/proc/self/fd").iterdir())


def run(program: Program, backend: str = "kernel", **arguments: Any) -> bpfcc.Result:
    with bpfcc.prepare(program, backend=backend, checked=backend == "interp") as exe:
        return exe.run(**arguments)


# ---- what is the same


@needs_kernel
def test_the_firewall_does_the_same() -> None:
    program = bpfcc.compile(ROOT / "examples/firewall.bpf.c").programs["firewall"]
    seeds = json.loads((ROOT / "examples/blocklist.json").read_text())
    with open_capture(ROOT / "examples/traffic.pcap") as capture:
        packets = [packet.data for packet in capture if len(packet.data) >= 14]
    ours, theirs = everywhere(program, packets, seeds=seeds)
    ours[1]["counters"] = {key: values[0] for key, values in ours[1]["counters"].items()}
    summed = {key: {name: sum(cpu[name] for cpu in values) for name in values[0]} for key, values in theirs[1]["counters"].items()}
    theirs[1]["counters"] = summed
    assert len(packets) > 280
    assert theirs == ours


@needs_kernel
def test_every_kind_of_map(many: Object) -> None:
    ours, theirs = everywhere(many.programs["everything"], [FRAME, LONG, SHORT, FRAME])
    assert theirs == ours
    assert theirs[1]["table"]["4"] == {"packets": 3, "last": 60, "reserved": 0}
    assert len(theirs[1]["perf"]) == len(theirs[1]["ring"]) == 4


@needs_kernel
def test_seeds_and_constants(many: Object) -> None:
    seeds = {"routes": {"10.1.0.0/16": 7}, ".rodata": {"limit": 100}}
    ours, theirs = everywhere(many.programs["route"], [FRAME], seeds=seeds)
    assert theirs == ours
    assert theirs[0][0][0] == 107


@needs_kernel
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("everything", {"packet": FRAME}), ("grow", {"packet": FRAME}), ("jump", {"packet": FRAME}), ("nowhere", {"packet": FRAME}),
        ("global_function", {"packet": FRAME}), ("negative", {"packet": FRAME}), ("negative", {"packet": FRAME[:14]}),
        ("global_function", {"packet": bytes(3000)}), ("grow", {"packet": FRAME, "repeat": 5}),
        ("marks", {"packet": FRAME, "context": {"cb": (4, 1, 0, 0, 0), "mark": 9}}),
        ("marks", {"packet": bytes(15)}), ("marks", {"packet": FRAME[:34]}),
        ("tail_of_header", {"packet": FRAME}), ("tail_of_header", {"packet": bytes(14)}), ("tail_of_header", {"packet": FRAME[:20]}),
        ("cgroup", {"packet": DATAGRAM}), ("cgroup", {"packet": DATAGRAM[:20]}), ("cgroup", {"packet": b"\x15"}),
        ("light", {"packet": DATAGRAM}), ("light", {"packet": bytes(60)}),
        ("sums", {"context": {"arg0": 5, "arg1": 6}}), ("sums", {"context": bytes([5, *[0] * 7, 6])}),
        ("web", {"context": {"family": 2, "protocol": 6, "local_port": 80}}), ("web", {"context": {"family": 10, "protocol": 6}}),
        ("called", {"context": bytes(16)}),
    ],
)  # fmt: skip
def test_each_type_runs_as_here(many: Object, name: str, arguments: dict[str, Any]) -> None:
    ours, theirs = run(many.programs[name], "interp", **arguments), run(many.programs[name], **arguments)
    assert (theirs.return_value, theirs.packet) == (ours.return_value, ours.packet)
    assert theirs.steps is None
    assert {name: ours.context[name] for name in theirs.context if name in ours.context} == dict(theirs.context)


@needs_kernel
def test_what_only_the_kernel_has(many: Object) -> None:
    assert run(many.programs["kernel_functions"], packet=FRAME).return_value == 3
    assert run(many.programs["called"], context=bytes([41, *[0] * 15])).data == bytes([41, *[0] * 7, 42, *[0] * 7])
    found = run(many.programs["dissect"], packet=FRAME)
    assert found.packet == FRAME
    assert found.data is not None
    # nhoff and thoff of struct bpf_flow_keys.
    assert found.data[:4] == bytes([14, 0, 34, 0])


@needs_kernel
def test_repeated_runs_begin_alike_and_are_timed(many: Object) -> None:
    program = many.programs["everything"]
    with bpfcc.prepare(program, backend="kernel") as exe:
        found = exe.run(packet=FRAME, repeat=1000)
        assert exe.maps["guarded"][0]["count"] == 1000
        assert found.ns_per_run is not None
        assert found.ns_per_run > 0
        assert exe.run_batch([FRAME, LONG]).return_values().tolist() == [10, 10]
        assert exe.take_log() == []
    assert run(many.programs["sums"], context=bytes(16), repeat=3).ns_per_run is None


# ---- maps from outside


@needs_kernel
def test_maps_are_mappings(many: Object) -> None:
    with bpfcc.prepare(many.programs["everything"], backend="kernel") as exe:
        table, percpu, lengths, outer = (exe.maps[name] for name in ("table", "percpu", "lengths", "outer"))
        table[9] = {"packets": 2}
        assert (table[9]["packets"], 9 in table, 8 in table, len(table)) == (2, True, False, 1)
        del table[9]
        with pytest.raises(MissingKeyError):
            table[9]
        with pytest.raises(MissingKeyError):
            del table[9]
        with pytest.raises(MapError, match="the entry exists"):
            table[1] = {}
            table.put(1, {}, 1)
        percpu[1] = 5
        assert percpu[1] == [5] * syscall.possible_cpus()
        percpu[1] = list(range(syscall.possible_cpus()))
        assert percpu.total(1) == sum(range(syscall.possible_cpus()))
        lengths.push(1)
        lengths.push(2)
        assert (list(lengths), len(lengths), lengths.peek(), lengths.pop()) == ([1, 2], 2, 1, 1)
        exe.maps["stacked"].push(1)
        exe.maps["stacked"].push(2)
        assert (list(exe.maps["stacked"]), exe.maps["stacked"].pop()) == ([2, 1], 2)
        exe.maps["bloom"].add(77)
        assert 77 in exe.maps["bloom"]
        assert dict(outer) == {0: exe.maps["one"].id, 2: exe.maps["two"].id}
        outer[1] = exe.maps["two"]
        assert outer[1] is exe.maps["two"]
        assert table.next_key(None) == 1
        assert table.next_key(1) is None
        table.clear()
        assert len(table) == 0
        with pytest.raises(MapError):
            exe.maps[".rodata"][0] = exe.maps[".rodata"][0]


def test_every_call_of_the_map_classes_is_there() -> None:
    texts = [path.read_text() for path in (ROOT / "runtime/maps").glob("*.py")]
    used = {name for text in texts for name in re.findall(r"_calls\.(bpfcc_\w+)", text)}
    assert len(used) > 15
    assert {name for name in used if not hasattr(KernelCalls, name)} == set()


@needs_kernel
def test_buffers_wait_and_wrap(many: Object) -> None:
    with bpfcc.prepare(many.programs["everything"], backend="kernel") as exe:
        ring, perf = exe.maps["ring"], exe.maps["perf"]
        assert list(ring.poll(1)) == []
        for turn in range(5):
            # A record takes 16 bytes of 4096.
            exe.run(packet=FRAME, repeat=200)
            found = list(ring.poll(1000)) if turn else list(ring.consume())
            assert found == [(60).to_bytes(4, "little")] * 200
            assert [event.data for event in perf.poll(1000)] == [(60).to_bytes(4, "little")] * 200
        exe.run(packet=FRAME, repeat=300)
        # A ring is never quite full.
        assert (ring.query(), ring.query(1)) == (255 * 16, 4096)
        assert len(list(ring.consume())) == 255


# ---- what is refused


@needs_kernel
def test_a_rejected_program_says_what_linux_said(many: Object, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(bpfcc.RejectedError, match="outside of the packet") as caught:
        bpfcc.prepare(many.programs["unbounded"], backend="kernel")
    error = caught.value
    assert (error.exit_status, error.verdict.status) == (1, "rejected")
    assert error.log is not None
    assert "processed" in error.log
    assert "processed" not in str(error)
    assert f"{source}:" in str(error)
    assert run_command(["run", str(source), "--program", "unbounded", "--backend", "kernel", "--hex", FRAME.hex()]) == 1
    assert "refused: " in capsys.readouterr().err


def test_the_end_of_a_log() -> None:
    assert useful_lines("") == []
    assert useful_lines("a\nb\n\nprocessed 3 insns\nverification time 4 usec\n") == ["a", "b"]


@needs_kernel
@pytest.mark.parametrize(
    ("name", "arguments", "kind", "text"),
    [
        ("probe", {}, bpfcc.UnsupportedError, "no test run for programs of type kprobe"),
        ("missing_function", {}, bpfcc.UnsupportedError, "bpfcc_nor_this"),
        ("negative", {"packet": bytes(13)}, bpfcc.InputError, "at least 14 bytes, and this one has 13"),
        ("negative", {}, bpfcc.InputError, "at least 14 bytes"),
        ("marks", {"packet": bytes(14)}, bpfcc.InputError, "at least 15 bytes"),
        ("marks", {"packet": FRAME[:33]}, bpfcc.InputError, "of this protocol of at least 34 bytes"),
        ("tail_of_header", {"packet": FRAME[:19]}, bpfcc.InputError, "of this protocol of at least 20 bytes"),
        ("tail_of_header", {"packet": FRAME[:12] + b"\x86\xdd" + bytes(25)}, bpfcc.InputError, "at least 40 bytes"),
        ("cgroup", {"packet": b"\x60" * 39}, bpfcc.InputError, "at least 40 bytes"),
        ("marks", {"packet": bytes(9000)}, bpfcc.InputError, "fit into a page"),
        ("cgroup", {"packet": b""}, bpfcc.InputError, "at least 1 byte"),
        ("negative", {"packet": FRAME, "context": {"ingress_ifindex": 7777}}, bpfcc.InputError, "no network device"),
        ("negative", {"packet": FRAME, "context": {"rx_queue_index": 7777}}, bpfcc.InputError, "EINVAL"),
        ("negative", {"packet": FRAME, "context": {"no_such": 1}}, bpfcc.InputError, "no_such"),
        ("negative", {"packet": FRAME, "repeat": 0}, bpfcc.InputError, "at least once"),
        ("negative", {"packet": FRAME, "steps": 5}, bpfcc.InputError, "counts no instructions"),
        ("negative", {"packet": FRAME, "data": b"x"}, bpfcc.UnsupportedError, "no other memory"),
        ("marks", {"packet": FRAME, "context": {"pkt_type": 3}}, bpfcc.UnsupportedError, "pkt_type"),
        ("marks", {"packet": FRAME, "context": bytes([9] * 36 + [0] * 156)}, bpfcc.InputError, "EINVAL"),
        ("dissect", {"packet": FRAME, "context": bytes(8)}, bpfcc.InputError, "no context"),
        ("sums", {"packet": FRAME}, bpfcc.InputError, "get no packet"),
        ("sums", {"context": bytes(9999)}, bpfcc.InputError, "EINVAL"),
        ("web", {}, bpfcc.InputError, "EAFNOSUPPORT"),
        ("called", {"context": b""}, bpfcc.InputError, "EINVAL"),
    ],
)  # fmt: skip
def test_what_linux_does_not_run(many: Object, name: str, arguments: dict[str, Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        run(many.programs[name], **arguments)


@needs_kernel
def test_what_this_back_end_does_not_do(many: Object) -> None:
    with pytest.raises(bpfcc.UnsupportedError, match="no checked runs"):
        bpfcc.prepare(many.programs["negative"], backend="kernel", checked=True)
    raw = Program.from_bytes(syscall.TRIVIAL, type="raw")
    with pytest.raises(bpfcc.UnsupportedError, match="type raw"):
        bpfcc.prepare(raw, backend="kernel")
    arena = bpfcc.MapSpec("arena", "arena", max_entries=1)
    with pytest.raises(bpfcc.UnsupportedError, match="arena"):
        bpfcc.prepare(Program.from_bytes(syscall.TRIVIAL, type="xdp", maps=[arena]), backend="kernel")


@needs_kernel
@pytest.mark.parametrize(
    "spec",
    [
        bpfcc.MapSpec("m", "hash", 4, 4, 0), bpfcc.MapSpec("m", "array", 8, 4, 1), bpfcc.MapSpec("m", "hash", 1 << 31, 4, 1),
        bpfcc.MapSpec("m", "lpm_trie", 8, 4, 1), bpfcc.MapSpec("m", "hash", 1 << 40, 4, 1), bpfcc.MapSpec("m", "array_of_maps", 4, 4, 1),
        bpfcc.MapSpec("m", "array", 4, 4, 1, initial=bytes(99)), bpfcc.MapSpec("m", "array_of_maps", 4, 4, 1, values={0: "none"}),
    ],
)  # fmt: skip
def test_maps_that_cannot_be(spec: bpfcc.MapSpec) -> None:
    before = len(descriptors())
    with pytest.raises((MapError, bpfcc.InputError)):
        bpfcc.prepare(Program.from_bytes(syscall.TRIVIAL, type="xdp", maps=[spec]), backend="kernel")
    assert len(descriptors()) == before


CODE = st.binary(min_size=8, max_size=80).map(lambda code: code[: len(code) // 8 * 8])


@needs_kernel
@given(CODE, st.sampled_from([0x18, 0x85, 0x05, 0x61]), st.integers(0, 8))
@settings(max_examples=200)
def test_any_code_is_taken_or_refused(code: bytes, opcode: int, source: int) -> None:
    before = descriptors()
    spec = bpfcc.MapSpec("m", "array", 4, 8, 1)
    try:
        program = Program.from_bytes(bytes([opcode, source << 4]) + code[2:] + syscall.TRIVIAL, type="xdp", maps=[spec])
        with bpfcc.prepare(program, backend="kernel") as exe:
            exe.run(packet=FRAME)
    except bpfcc.BpfccError as error:
        assert str(error)
    assert descriptors() == before


@pytest.mark.parametrize(
    ("system", "reason"), [("darwin", "this is darwin"), ("win32", "this is win32")], ids=["macos", "windows"]
)  # fmt: skip
def test_other_systems_are_told(monkeypatch: pytest.MonkeyPatch, system: str, reason: str) -> None:
    monkeypatch.setattr("sys.platform", system)
    assert reason in (syscall.why_unavailable.__wrapped__() or "")


def refusing(number: int) -> Callable[..., syscall.Refused]:
    return lambda *_: syscall.Refused(number, "")


@pytest.mark.parametrize(("number", "reason"), [(1, "root, or CAP_BPF"), (38, "Function not implemented")])
def test_no_rights_or_no_bpf(monkeypatch: pytest.MonkeyPatch, number: int, reason: str) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(syscall, "prog_load", refusing(number))
    why = syscall.why_unavailable.__wrapped__()
    assert reason in (why or "")
    monkeypatch.setattr("bpfcc.kernel.why_unavailable", lambda: why)
    with pytest.raises(bpfcc.UnsupportedError, match=reason) as caught:
        bpfcc.prepare(Program.from_bytes(syscall.TRIVIAL, type="xdp"), backend="kernel")
    assert (caught.value.exit_status, caught.value.feature) == (3, "backend kernel")


@needs_kernel
def test_a_type_that_takes_more_rights_is_named(many: Object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpfcc.backends.kernel.load.syscall.prog_load", refusing(1))
    with pytest.raises(bpfcc.UnsupportedError, match="loading xdp programs is not permitted"):
        bpfcc.prepare(many.programs["negative"], backend="kernel")


# ---- nothing is left


@needs_kernel
@pytest.mark.parametrize("name", ["everything", "jump", "unbounded", "missing_function", "probe", "sums"])
def test_no_file_descriptor_is_left(many: Object, name: str) -> None:
    before = descriptors()
    for _ in range(3):
        try:
            with bpfcc.prepare(many.programs[name], backend="kernel") as exe:
                assert len(descriptors()) > len(before)
                made = exe.maps
        except bpfcc.BpfccError:
            continue
        assert all(each.closed for each in made.values())
    assert descriptors() == before


@needs_kernel
def test_another_thread_stops_it(many: Object) -> None:
    flag = ctypes.c_int32(0)
    with bpfcc.prepare(many.programs["negative"], backend="kernel") as exe:
        exe.stop_on(flag)
        timer = threading.Timer(0.1, lambda: setattr(flag, "value", 1))
        timer.start()
        with pytest.raises(bpfcc.Trap, match="stopped"):
            exe.run(packet=FRAME, repeat=10**12)
        timer.join()
        results = exe.run_raw_batch([FRAME] * 3).results
        assert [each.trap for each in results] == ["stopped"]
        with pytest.raises(bpfcc.Trap, match="stopped"):
            exe.run_batch([FRAME])


# ---- parts


def test_types_that_kernels_refuse_are_left_out(many: Object) -> None:
    assert many.btf is not None
    kinds = {many.btf.kind(number) for number in range(1, many.btf.count)}
    assert {"datasec", "var"} <= kinds
    made = Btf.from_bytes(loadable(many.btf))
    assert made.count == many.btf.count
    left = {made.kind(number) for number in range(1, made.count)}
    assert not {"datasec", "var"} & left
    with_sections = Btf.from_bytes(loadable(many.btf, sections=True))
    assert {"datasec", "var"} <= {with_sections.kind(number) for number in range(1, with_sections.count)}
    functions = [with_sections.type(number) for number in range(1, with_sections.count) if with_sections.kind(number) == "func"]
    assert functions
    assert all(each.linkage != "extern" for each in functions)


def test_every_type_that_is_run_is_known() -> None:
    platform = load_platform("linux")
    for name in SHAPES:
        driver = Driver(name, context_codec(platform, name))
        assert driver.takes_packets == (platform.program_type(name).packet is not None)


# ---- the command


@needs_kernel
def test_the_command_prints_what_it_prints_for_others(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said: dict[str, dict[str, Any]] = {}
    for backend in ("interp", "kernel"):
        command = ["run", str(ROOT / "examples/firewall.bpf.c"), "--pcap", str(ROOT / "examples/traffic.pcap")]
        command += ["--maps", str(ROOT / "examples/blocklist.json"), "--backend", backend, "--json"]
        assert run_command([*command, "--pcap-out", str(tmp_path / backend)]) == 0
        said[backend] = json.loads(capsys.readouterr().out)
    ours, theirs = (said[backend]["programs"][0] for backend in ("interp", "kernel"))
    assert (said["kernel"]["backend"], said["kernel"]["checked"]) == ("kernel", False)
    # The capture has one packet that is shorter than a link header.
    assert (theirs["packets"], theirs["skipped"]) == (ours["packets"] - 1, 1)
    verdicts = {row["name"]: row["runs"] for row in ours["verdicts"]} | {"XDP_DROP": 46}
    assert {row["name"]: row["runs"] for row in theirs["verdicts"]} == verdicts
    assert [each for each in theirs["maps"] if each["name"] in ("flows", "blocklist")] == [
        each for each in ours["maps"] if each["name"] in ("flows", "blocklist")
    ]
    events = [[each["record"] for each in found["events"]["records"]] for found in (ours, theirs)]
    assert events[1] == [each for each in events[0] if each["length"] != 10]
    assert (theirs["max_path_insns"], theirs["steps"], theirs["traps"]["count"]) == (None, None, 0)
    assert (tmp_path / "interp").read_bytes() == (tmp_path / "kernel").read_bytes()


@needs_kernel
def test_the_command_says_who_measured(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", str(source), "--backend", "kernel", "--program"]
    assert run_command([*command, "negative", "--hex", FRAME.hex(), "--repeat", "100"]) == 0
    assert "(in the Linux kernel)" in capsys.readouterr().out
    assert run_command([*command, "sums", "--hex", "05" + "00" * 15, "-v"]) == 0
    assert "ns per run" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "option", [["--clock", "5"], ["--seed", "1"], ["--pid", "3"], ["--cpus", "2"], ["--max-steps", "9"], ["--checked"]]
)  # fmt: skip
def test_options_that_linux_decides(source: Path, capsys: pytest.CaptureFixture[str], option: list[str]) -> None:
    assert run_command(["run", str(source), "--program", "negative", "--backend", "kernel", "--hex", FRAME.hex(), *option]) == 3
    assert f"{option[0]} has no meaning with --backend kernel" in capsys.readouterr().err


@needs_kernel
@pytest.mark.parametrize(("program", "status"), [("probe", 3), ("unbounded", 1), ("missing_function", 3)])
def test_exit_statuses(source: Path, capsys: pytest.CaptureFixture[str], program: str, status: int) -> None:
    assert run_command(["run", str(source), "--program", program, "--backend", "kernel", "--hex", FRAME.hex()]) == status
    assert "Traceback" not in capsys.readouterr().err
