"""Executables of emitted C: they do, print and write what `bpfcc run` does, without Python, and refuse captures that are not whole."""

from __future__ import annotations

import io
import json
import random
import shutil
import struct
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import bpfcc
from bpfcc.backends.aot import program as program_module
from bpfcc.backends.aot.build import Build, Target, machine_of
from bpfcc.backends.aot.program import build_program, host_object, host_sources, key_of, unpacked
from bpfcc.captures import CaptureWriter, open_capture, read_capture
from bpfcc.emission import emit_programs
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.report import Job, document, run_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.program import Program

ROOT = Path(__file__).parents[2]
TRAFFIC = ROOT / "examples/traffic.pcap"
SCHEMA = json.loads((ROOT / "src/bpfcc/schemas/run-1.json").read_text(encoding="utf-8"))
HEAD = """
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
char _license[] SEC("license") = "GPL";
"""
MAPS = (
    HEAD
    + """
struct stats { __u64 packets; __u32 bytes; __u16 last; __u8 tag[2]; char name[8]; };
struct key { __be16 proto; __u16 small; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct stats); } by_slot SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, struct key); __type(value, __u64); } by_proto SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __s64); } sums SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 5000); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 8); __type(value, __u32); } recent SEC(".maps");
const volatile __u32 limit = 100;
__u64 total = 7;
__u32 seen;

SEC("xdp") int count(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u32 length = end - data, slot = length & 3, one = length > limit;
	if ((void *)(eth + 1) > end)
		return XDP_ABORTED;
	struct key key = { .proto = eth->h_proto, .small = length > 64 };
	struct stats *stats = bpf_map_lookup_elem(&by_slot, &slot);
	if (stats) {
		stats->packets++;
		stats->bytes += length;
		stats->last = length;
		stats->tag[1] = 0xab;
		__builtin_memcpy(stats->name, "slot", 4);
	}
	__u64 first = 1, *known = bpf_map_lookup_elem(&by_proto, &key);
	if (known)
		__sync_fetch_and_add(known, 1);
	else
		bpf_map_update_elem(&by_proto, &key, &first, BPF_ANY);
	__s64 *sum = bpf_map_lookup_elem(&sums, &one);
	if (sum)
		*sum -= length;
	total += length;
	seen++;
	if (slot == 1) {
		__u32 *event = bpf_ringbuf_reserve(&events, 8, 0);
		if (event) {
			event[0] = length;
			event[1] = seen;
			bpf_ringbuf_submit(event, 0);
		}
	}
	bpf_map_push_elem(&recent, &length, BPF_EXIST);
	if (length > 400)
		bpf_printk("long packet of %d bytes", length);
	return slot == 2 ? XDP_DROP : slot == 3 ? XDP_TX : XDP_PASS;
}
"""
)
CALLS = (
    HEAD
    + """
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__array(values, int(void *));
} next SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u64); } counts SEC(".maps");

static __attribute__((noinline)) __u64 square(__u32 value)
{
	return (__u64)value * value;
}

struct loop { __u64 sum; __u32 length; };
static long add(__u32 index, void *context)
{
	struct loop *loop = context;
	loop->sum += square(index) + loop->length;
	return index > 20;
}

SEC("xdp") int rest(struct xdp_md *ctx)
{
	__u32 key = 1;
	__u64 *count = bpf_map_lookup_elem(&counts, &key);
	struct loop loop = { 0, (__u32)(ctx->data_end - ctx->data) };
	bpf_loop(loop.length, add, &loop, 0);
	if (count)
		*count += loop.sum;
	return loop.sum & 1 ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int start(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&counts, &key);
	if (count)
		*count += 1;
	bpf_tail_call(ctx, &next, 2);
	return XDP_ABORTED;
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__array(values, int(void *));
} filled SEC(".maps") = {
	.values = { [2] = (void *)&rest },
};

SEC("xdp") int chain(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &filled, 2);
	return XDP_ABORTED;
}
"""
)
SHAPES = (
    HEAD
    + """
enum kind { NOTHING, SHORT = 5, LONG = -3 };
struct inner { __u8 bytes[3]; _Bool yes; __s16 negative; };
struct shapes {
	enum kind kind;
	__u32 low : 3, high : 9;
	struct inner inner[2];
	union { __u32 number; __be16 port; };
	struct { __u8 one; __be32 two; } __attribute__((packed));
	__s64 numbers[3];
	char text[5];
	struct in_addr { __be32 s_addr; } address;
};
struct odd { __u8 bytes[3]; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, enum kind);
	__type(value, struct shapes);
} kinds SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8);
	__type(key, struct odd);
	__type(value, __u16);
} odds SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(max_entries, 8); __uint(map_flags, BPF_F_NO_PREALLOC); __uint(key_size, 8);
	__uint(value_size, 4); } prefixes SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} samples SEC(".maps")
	__attribute__((btf_decl_tag("bpfcc:record=inner")));
struct table {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} table_a SEC(".maps"), table_b SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct table);
} outer SEC(".maps") = {
	.values = { &table_b, &table_a },
};
struct inner sample = { { 1, 2, 3 }, 1, -7 };

SEC("xdp") int show(struct xdp_md *ctx)
{
	__u32 length = ctx->data_end - ctx->data, which = length & 1, zero = 0;
	struct shapes shapes = { .kind = length > 100 ? LONG : SHORT, .low = length, .high = length, .text = "text" };
	struct odd odd = { { length, length >> 8, 9 } };
	struct { __u32 length; __u8 data[4]; } prefix = { 24, { 10, 0, length, 0 } };
	__u16 count = length;
	shapes.inner[1] = sample;
	shapes.port = bpf_htons(443);
	shapes.two = bpf_htonl(length);
	shapes.numbers[2] = -(__s64)length;
	shapes.address.s_addr = bpf_htonl(0xc0000200 + (length & 255));
	bpf_map_update_elem(&kinds, &shapes.kind, &shapes, BPF_ANY);
	bpf_map_update_elem(&odds, &odd, &count, BPF_ANY);
	bpf_map_update_elem(&prefixes, &prefix, &length, BPF_ANY);
	void *table = bpf_map_lookup_elem(&outer, &which);
	if (table) {
		__u64 *sum = bpf_map_lookup_elem(table, &zero);
		if (sum)
			*sum += length;
	}
	sample.negative++;
	bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &sample, sizeof(sample));
	return XDP_PASS;
}
"""
)
OTHERS = (
    HEAD
    + """
SEC("tc") int classify(struct __sk_buff *skb)
{
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return TC_ACT_SHOT;
	skb->mark = skb->len + skb->pkt_type + skb->ingress_ifindex;
	return skb->mark & 1 ? TC_ACT_OK : TC_ACT_STOLEN;
}

SEC("socket") int keep_some(struct __sk_buff *skb)
{
	return skb->len > 60 ? 20 + (skb->len & 7) : 0;
}

SEC("cgroup_skb/egress") int small(struct __sk_buff *skb)
{
	return skb->len < 100;
}

SEC("xdp") int grow(struct xdp_md *ctx)
{
	if (bpf_xdp_adjust_head(ctx, -100) || bpf_xdp_adjust_tail(ctx, 1500))
		return XDP_ABORTED;
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	if (data + 14 > end)
		return XDP_DROP;
	data[0] = 0x42;
	return bpf_redirect(3, 0);
}
"""
)
ENDLESS = (
    HEAD
    + """
SEC("xdp") int wrong(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	return data[100] ? XDP_PASS : XDP_DROP;
}
"""
)


@cache
def compiled(text: str) -> bpfcc.Object:
    """A small C program, loaded."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.bpf.c"
        path.write_text(text, encoding="utf-8")
        return bpfcc.compile(path)


@cache
def firewall() -> bpfcc.Object:
    return bpfcc.compile(ROOT / "examples/firewall.bpf.c")


def emitted(programs: Sequence[Program], *, checked: bool = False) -> str:
    verdicts = [] if checked else [bpfcc.verify(program).record for program in programs]
    return emit_programs(programs, verdicts, checked=checked, made_from="small.bpf.c", own_runtime=True).text


@cache
def text_of(source: str, names: tuple[str, ...], *, checked: bool) -> str:
    obj = compiled(source) if source else firewall()
    return emitted([obj.programs[name] for name in names], checked=checked)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("programs")


def made(folder: Path, source: str, *names: str, checked: bool = False) -> Path:
    """The executable of some programs, built once."""
    path = folder / f"{'-'.join(names)}{'-checked' if checked else ''}"
    if not path.exists():
        path.write_bytes(build_program(text_of(source, names, checked=checked), Build(Target.host())))
        path.chmod(0o755)
    return path


def run(path: Path, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Nothing of ours is in its reach: no environment, no search path."""
    return subprocess.run([path, *arguments], capture_output=True, env={}, cwd="/", timeout=60, check=False)


def report_of(path: Path, *arguments: str | Path, status: int = 0) -> dict[str, Any]:
    done = run(path, "--json", *arguments)
    assert done.returncode == status, done.stderr
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    report: dict[str, Any] = found["programs"][0]
    return report


def expected(program: Program, job: Job) -> dict[str, Any]:
    """What `bpfcc run` says with the interpreter."""
    report = run_program(program, job)
    jsonschema.validate(document("x", "interp", [report]), SCHEMA)
    return report


def packets(path: Path = TRAFFIC) -> list[Any]:
    with open_capture(path) as capture:
        return list(capture)


def same(found: dict[str, Any], wanted: dict[str, Any], *ignored: str) -> None:
    """Two reports, but for what differs from run to run."""
    for report in (found, wanted):
        for name in ("total_ns", "ns_per_run", "max_path_insns", *ignored):
            report.pop(name)
        # What maps of maps hold are numbers of maps, which are in another order.
        report["maps"] = {record["name"]: record for record in report["maps"] if record["type"] != "array_of_maps"}
    missing = wanted["maps"].keys() - found["maps"].keys()
    assert not missing
    found["maps"] = {name: record for name, record in found["maps"].items() if name in wanted["maps"]}
    assert found == json.loads(json.dumps(wanted))


CASES = [
    ("", "firewall"), (MAPS, "count"), (SHAPES, "show"), (CALLS, "start"), (CALLS, "rest"), (OTHERS, "classify"), (OTHERS, "keep_some"),
    (OTHERS, "small"), (OTHERS, "grow"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "name"), CASES, ids=[name for _, name in CASES])
@pytest.mark.parametrize("checked", [False, True])
def test_a_capture(folder: Path, tmp_path: Path, source: str, name: str, checked: bool) -> None:
    program = (compiled(source) if source else firewall()).programs[name]
    out: list[tuple[bytes, int]] = []
    job = Job(packets=packets(), on_packet=lambda data, packet: out.append((data, packet.time_ns)), checked=checked)
    wanted = expected(program, job)
    ignored = () if wanted["checked"] == checked else ("checked", "steps")
    found = report_of(made(folder, source, name, checked=checked), TRAFFIC, "--pcap-out", tmp_path / "out.pcapng")
    same(found, wanted, *ignored)
    with open_capture(tmp_path / "out.pcapng") as capture:
        assert capture.format == "pcapng"
        assert [(packet.data, packet.time_ns) for packet in capture] == out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.pcapng"]


@pytest.mark.parametrize("checked", [False, True])
def test_tail_calls_between_the_programs_of_a_file(folder: Path, checked: bool) -> None:
    program = compiled(CALLS).programs["chain"]
    path = made(folder, CALLS, "chain", "rest", "start", checked=checked)
    wanted = expected(program, Job(packets=packets(), checked=checked))
    assert {row["name"] for row in wanted["verdicts"]} == {"XDP_DROP", "XDP_PASS"}
    # The interpreter has a budget, which thirty-three tail calls may need more than.
    same(report_of(path, TRAFFIC), wanted, "checked", "steps")
    start = expected(compiled(CALLS).programs["start"], Job(packets=packets(), checked=checked))
    same(report_of(path, TRAFFIC, "--program", "start"), start)


def test_repeat(folder: Path) -> None:
    wanted = expected(compiled(MAPS).programs["count"], Job(packets=packets(), repeat=3))
    same(report_of(made(folder, MAPS, "count"), TRAFFIC, "--repeat=3"), wanted)


def test_verdicts_one_by_one(folder: Path) -> None:
    program = compiled(MAPS).programs["count"]
    with bpfcc.prepare(program) as exe:
        results = exe.run_batch([packet.data for packet in packets()])
    names = {0: "XDP_ABORTED", 1: "XDP_DROP", 2: "XDP_PASS", 3: "XDP_TX"}
    done = run(made(folder, MAPS, "count"), TRAFFIC, "--each", "-q")
    lines = done.stdout.decode().splitlines()[: len(results)]
    assert lines == [f"{number} {names[result.return_value]}" for number, result in enumerate(results)]


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
@pytest.mark.parametrize("suffix", ["", ".pcap", ".pcapng", ".CAP"])
def test_formats(folder: Path, tmp_path: Path, form: Any, suffix: str) -> None:
    with (tmp_path / "in").open("wb") as stream:
        writer = CaptureWriter(stream, 1, form)
        for at in range(40):
            writer.write(bytes([at]) * (13 + at), 1_700_000_000_123_456_789 * (at % 2) + at)
    done = run(made(folder, MAPS, "count"), tmp_path / "in", "--pcap-out", tmp_path / f"out{suffix}")
    assert done.returncode == 0
    with open_capture(tmp_path / f"out{suffix}") as capture:
        assert capture.format == {"": form, ".pcap": "pcap", ".pcapng": "pcapng", ".CAP": "pcap"}[suffix]
        found = list(capture)
    wanted = [packet for packet in packets(tmp_path / "in") if len(packet.data) >= 14 and len(packet.data) & 3 != 2]
    assert [(packet.data, packet.time_ns) for packet in found] == [(packet.data, packet.time_ns) for packet in wanted]


# ---- runs on bytes ------------------------------------------------------------------------------------------------------------


def assembled(text: str, kind: str) -> Program:
    return bpfcc.Program.from_bytes(bpfcc.assemble(text), type=kind)


@pytest.mark.parametrize("checked", [False, True])
def test_raw_memory(folder: Path, tmp_path: Path, checked: bool) -> None:
    program = assembled("r0 = 0\nif r2 < 8 goto end\nr0 = *(u64 *)(r1 + 0)\nr0 += 1\n*(u64 *)(r1 + 0) = r0\nend:\nexit", "raw")
    path = folder / f"raw{checked}"
    path.write_bytes(build_program(emitted([program], checked=checked), Build(Target.host())))
    path.chmod(0o755)
    data = b"\xff\x00\xee\x01\x02\x03\x04\xf5tail"
    (tmp_path / "data").write_bytes(data)
    wanted = expected(program, Job(data=data, repeat=3, checked=checked))
    assert wanted["result"]["value"] > 1 << 60
    ignored = () if wanted["checked"] == checked else ("checked", "steps")
    same(report_of(path, "--hex", data.hex(" "), "--repeat", "3"), dict(wanted), *ignored, "name", "section")
    same(report_of(path, "--data", tmp_path / "data", "--repeat", "3"), dict(wanted), *ignored, "name", "section")
    assert report_of(path, "--hex", "0x")["result"] == {"value": 0, "packet": None, "data": ""}
    assert run(path, TRAFFIC).stderr.endswith(b"of type raw gets no packets; give its context with --data or --hex\n")


@pytest.mark.parametrize("checked", [False, True])
def test_contexts(folder: Path, checked: bool) -> None:
    program = assembled("r0 = *(u32 *)(r1 + 4)\nr0 &= 1\nexit", "cgroup_device")
    path = folder / f"context{checked}"
    path.write_bytes(build_program(emitted([program], checked=checked), Build(Target.host())))
    path.chmod(0o755)
    for data in (bytes(12), bytes([0, 0, 0, 0, 1, 0]), b""):
        wanted = expected(program, Job(data=data, checked=checked))
        same(report_of(path, "--hex", data.hex()), wanted, "checked", "steps", "name", "section")
    done = run(path, "--hex", "00" * 13)
    assert done.returncode == 2
    assert b"has 12 bytes, not 13" in done.stderr


def test_one_packet(folder: Path) -> None:
    frame = packets()[0].data
    for source, name in ((OTHERS, "grow"), (OTHERS, "classify"), ("", "firewall")):
        program = (compiled(source) if source else firewall()).programs[name]
        wanted = expected(program, Job(data=frame, repeat=2))
        same(report_of(made(folder, source, name), "--hex", frame.hex(), "--repeat", "2"), wanted, "trace", "events")


# ---- traps and text -----------------------------------------------------------------------------------------------------------


def test_traps(folder: Path) -> None:
    path = made(folder, ENDLESS, "wrong", checked=True)
    wanted = expected(compiled(ENDLESS).programs["wrong"], Job(packets=packets(), checked=True))
    found = report_of(path, TRAFFIC, status=1)
    assert wanted["traps"]["count"] > 100
    for trap in wanted["traps"]["shown"]:
        trap["source"] = None
    same(found, wanted)
    done = run(path, TRAFFIC)
    assert done.returncode == 1
    first = wanted["traps"]["shown"][0]
    assert f"packet {first['packet']}: {first['message']} (instruction {first['insn']} of wrong)" in done.stdout.decode()
    assert "trapped" in done.stdout.decode()


def test_text(folder: Path) -> None:
    done = run(made(folder, "", "firewall"), TRAFFIC, "--maps")
    text = done.stdout.decode()
    assert text.startswith("firewall (xdp) of small.bpf.c: 284 packets, 31.9 kB\n")
    assert "  XDP_PASS      247  87.0 %  29,610\n" in text
    assert "map flows (lru_hash): 45 of 1,024 entries\n" in text
    assert "2001:db8:0:1::1  2001:db8::10  50000    443" in text
    assert "  malformed packet of 20 bytes\n" in text
    assert "more (--limit 0 shows all)" in text
    assert "(verified: at most" in text
    assert "more (" not in run(made(folder, "", "firewall"), TRAFFIC, "--maps", "--limit", "0").stdout.decode()
    quiet = run(made(folder, "", "firewall"), TRAFFIC, "--maps", "--quiet").stdout.decode()
    assert quiet.count("\n") == 6


def test_usage(folder: Path) -> None:
    path = made(folder, CALLS, "chain", "rest", "start")
    none = run(path)
    assert none.returncode == 2
    assert b"rest (xdp) of section xdp" in none.stderr
    assert none.stdout == b""
    helped = run(path, "--help")
    assert helped.returncode == 0
    assert helped.stdout == none.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--program", "nobody", str(TRAFFIC)], "no program nobody"),
        (["--nothing", str(TRAFFIC)], "no option --nothing"),
        (["--program"], "a value is missing after --program"),
        ([str(TRAFFIC), str(TRAFFIC)], "one capture only"),
        ([str(TRAFFIC), "--hex", "00"], "exclude each other"),
        (["--hex", "0"], "--hex '0': not hexadecimal"),
        (["--hex", "zz"], "not hexadecimal"),
        (["--repeat", "0", "--hex", "00"], "--repeat 0: a number from 1 to 1000000000"),
        (["--repeat", "x"], "a number from 1"),
        (["--limit", "-1", str(TRAFFIC)], "a number from 0"),
        (["--pcap-out", "out", "--hex", "00"], "--pcap-out goes with a capture"),
        (["--each", "--json", str(TRAFFIC)], "exclude each other"),
        (["/does/not/exist"], "/does/not/exist: cannot be read: No such file or directory"),
        ([str(TRAFFIC), "--pcap-out", "/does/not/exist"], "cannot be written: No such file or directory"),
    ],
)
def test_misuse(folder: Path, arguments: list[str], message: str) -> None:
    done = run(made(folder, MAPS, "count"), *arguments)
    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""


def test_the_capture_that_is_read_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.pcap"
    shutil.copy(TRAFFIC, copy)
    (tmp_path / "link.pcap").symlink_to(copy)
    done = run(made(folder, MAPS, "count"), copy, "--pcap-out", tmp_path / "link.pcap")
    assert done.returncode == 2
    assert b"would overwrite" in done.stderr
    assert copy.read_bytes() == TRAFFIC.read_bytes()
    assert run(made(folder, MAPS, "count"), copy, "--pcap-out", "/dev/null").returncode == 0
    assert Path("/dev/null").is_char_device()


# ---- captures from strangers --------------------------------------------------------------------------------------------------


def python_says(data: bytes) -> tuple[int, str]:
    """The exit status, and what is wrong."""
    try:
        list(read_capture(io.BytesIO(data), "in"))
    except (InputError, UnsupportedError) as error:
        return error.exit_status, str(error)
    return 0, ""


def example(form: Any) -> bytes:
    stream = io.BytesIO()
    writer = CaptureWriter(stream, 1, form)
    for at in range(6):
        writer.write(bytes([at]) * (20 + at), 1_700_000_000_000_000_001 + at)
    return stream.getvalue()


def block(order: str, kind: int, body: bytes) -> bytes:
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def pcap_head(order: str, magic: int = 0xA1B2C3D4, major: int = 2) -> bytes:
    return struct.pack(order + "IHHiIII", magic, major, 4, 0, 0, 65535, 1)


def interface(order: str, link_type: int = 1, options: bytes = b"") -> bytes:
    return block(order, 1, struct.pack(order + "HHI", link_type, 0, 0) + options)


def enhanced(order: str, number: int = 0, captured: int = 20) -> bytes:
    return struct.pack(order + "IIIII", number, 5, 6, captured, 20) + bytes(20)


def hostile_pcap(order: str) -> list[bytes]:
    head = pcap_head(order)
    sized = [head + struct.pack(order + "IIII", 1, 2, size, size) + bytes(30) for size in (30, 31, 262145, 0xFFFF_FFFF)]
    long_headers = pcap_head(order, 0xA1B2CD34) + struct.pack(order + "IIIIQ", 1, 2, 20, 20, 0) + bytes(20)
    return [*(head[:at] for at in (3, 4, 23)), *sized, pcap_head(order, major=3), long_headers]


def hostile_pcapng(order: str) -> list[bytes]:
    start = block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    plain = start + interface(order)
    packet = enhanced(order)
    found = [
        start,
        plain,
        plain + block(order, 6, packet),
        start + block(order, 6, packet),
        start + interface(order, 101) + block(order, 3, packet),
        plain + interface(order, 101) + block(order, 6, enhanced(order, 1)),
        plain + block(order, 6, packet[:12]),
        plain + block(order, 6, enhanced(order, 9)),
        plain + block(order, 6, enhanced(order, 0, 0xFFFF_FFFF)),
        plain + block(order, 3, struct.pack(order + "I", 8) + bytes(8)),
        plain + block(order, 2, packet),
        plain + start + block(order, 6, packet),
        start + block(order, 1, bytes(4)),
        start + interface(order, 1, struct.pack(order + "HHI", 9, 40, 0)),
        plain + struct.pack(order + "II", 6, 0xFFFF_FFFC) + bytes(40),
        plain + struct.pack(order + "II", 6, 14),
        plain + block(order, 6, packet)[:-4] + bytes(4),
        block(order, 0x0A0D0D0A, bytes(16)),
        start
        + interface(order, 1, struct.pack(order + "HHB3x", 9, 1, 0))
        + block(order, 6, struct.pack(order + "II", 0, 1 << 31) + packet[8:]),
        start + interface(order, 1, struct.pack(order + "HHq", 14, 8, -(1 << 40))) + block(order, 6, packet),
        start[:4] + struct.pack(order + "I", 12) + start[8:],
    ]
    for value in (3, 9, 19, 20, 127, 0x8A, 0xBF, 0xC0):
        options = struct.pack(order + "HHB3xHHqHH", 9, 1, value, 14, 8, -5, 0, 0)
        found.append(start + interface(order, 1, options) + block(order, 6, packet))
    return found


def hostile() -> list[bytes]:
    """Captures with something wrong in them, or with something rare."""
    found = [b"", b"\n", b"\n\r\r\n", b"junk", bytes(24), TRAFFIC.read_bytes()[:-1]]
    for order in "<>":
        found += [*hostile_pcap(order), *hostile_pcapng(order)]
    return found


def mutations(seed: int, count: int) -> list[bytes]:
    source = random.Random(seed)
    found = []
    for _ in range(count):
        data = bytearray(example(source.choice(["pcap", "pcapng"])))
        for _ in range(source.randint(1, 4)):
            at = source.randrange(len(data))
            match source.randrange(4):
                case 0:
                    data[at] = source.choice([0, 1, 0x7F, 0x80, 0xFF, source.randrange(256)])
                case 1:
                    del data[at:]
                case 2:
                    data[at:at] = source.randbytes(source.randint(1, 8))
                case _:
                    del data[at : at + source.randint(1, 8)]
            if not data:
                break
        found.append(bytes(data))
    return found


def compare(path: Path, capture: Path, data: bytes) -> None:
    capture.write_bytes(data)
    done = subprocess.run([path, "in", "-q"], capture_output=True, env={}, cwd=capture.parent, timeout=60, check=False)
    status, message = python_says(data)
    assert done.returncode == status, (data.hex(), done.stderr, message)
    assert done.stderr.decode().partition(": ")[2].partition(": ")[2].rstrip("\n") == message, data.hex()


def test_hostile_captures(folder: Path, tmp_path: Path) -> None:
    cases = hostile()
    assert {python_says(data)[0] for data in cases} == {0, 2, 3}
    for data in cases:
        compare(made(folder, MAPS, "count"), tmp_path / "in", data)


def test_mutated_captures(folder: Path, tmp_path: Path) -> None:
    cases = mutations(1, 150)
    assert {python_says(data)[0] for data in cases} >= {0, 2}
    for data in cases:
        compare(made(folder, MAPS, "count"), tmp_path / "in", data)


@pytest.mark.soak
def test_many_mutated_captures(folder: Path, tmp_path: Path) -> None:
    for data in mutations(2, 20_000):
        compare(made(folder, MAPS, "count"), tmp_path / "in", data)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no other compiler with sanitizers")
def test_sanitizers_and_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's own C is clean for another compiler, and neither overruns nor does what C leaves open."""
    strict = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsyntax-only"]
    subprocess.run(["gcc", *strict, *sorted(program_module.HOST.glob("*.c"))], check=True)
    monkeypatch.setattr(program_module, "FLAGS", quickly("-O1"))
    build = Build(Target.host(), cc="gcc -fsanitize=address,undefined -fno-sanitize-recover=all")
    path = tmp_path / "sanitized"
    path.write_bytes(build_program(text_of(MAPS, ("count",), checked=False), build))
    path.chmod(0o755)
    wanted = expected(compiled(MAPS).programs["count"], Job(packets=packets()))
    done = subprocess.run([path, "--json", TRAFFIC, "--pcap-out", tmp_path / "out"], capture_output=True, env={}, check=False)
    assert done.returncode == 0, done.stderr
    same(json.loads(done.stdout)["programs"][0], wanted)
    text = subprocess.run([path, TRAFFIC, "--maps"], capture_output=True, env={}, check=False)
    assert text.returncode == 0, text.stderr
    for data in [*hostile(), *mutations(3, 25)]:
        compare(path, tmp_path / "in", data)


# ---- building ---------------------------------------------------------------------------------------------------------------------


def quickly(level: str) -> tuple[str, ...]:
    """Flags under which the compiler takes less time."""
    return tuple(level if flag == "-O2" else flag for flag in program_module.FLAGS)


@pytest.mark.parametrize("target", ["arm64-linux", "x86_64-macos", "arm64-macos"])
def test_other_targets(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_module, "FLAGS", quickly("-O0"))
    data = build_program(text_of(MAPS, ("count",), checked=True), Build(Target.parse(target)))
    assert str(machine_of(data)) == target


def test_the_host_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = Build(Target.host())
    monkeypatch.setattr(program_module, "_cache_folder", lambda: tmp_path)
    calls: list[int] = []

    def pretended(_build: Build, sources: list[Path], _flags: list[str]) -> bytes:
        calls.append(len(sources))
        return b"object" * len(calls)

    monkeypatch.setattr(Build, "object", pretended)
    assert [host_object(build), host_object(build)] == [b"object"] * 2
    assert calls == [len(host_sources())]
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:-1] + b"!")
    assert host_object(build) == b"objectobject"
    assert host_object(Build(Target.parse("arm64-macos"))) == b"object" * 3
    assert len(list(tmp_path.iterdir())) == 2


def test_what_a_kept_host_depends_on() -> None:
    sources = host_sources()
    assert {path.name for path in sources} >= {"main.c", "capture.c", "run.c", "state.c"}
    assert "map_test.c" not in {path.name for path in sources}
    keys = {key_of(sources, Build(Target.host(), cpu=cpu)) for cpu in ("host", "baseline")}
    assert len(keys | {key_of(sources[1:], Build(Target.host()))}) == 3
    assert unpacked(None) is None
    assert unpacked(b"something else") is None


def test_both_headers_say_the_same(tmp_path: Path) -> None:
    """The layout of a run in `bpfcc_program.h` is that of the runtime."""
    fields = [
        "slots", "checked", "cpu", "trap", "trap_size", "trap_address", "steps_left", "tail_calls", "tail_target", "stop",
        "invoke", "backend", "state", "frames", "depth", "context", "context_size", "packet", "packet_capacity", "packet_meta",
        "packet_data", "packet_end", "outcome",
    ]  # fmt: skip
    layout = {name: f"layout.{name}" for name in ("data", "data_end", "data_meta", "length", "pointer_bytes")}
    regions = ["host", "base", "lo", "hi", "stride", "element", "flags", "readable", "writable"]
    heads = ["lookup", "values", "cpu_bytes", "stride", "entries"]

    def table(header: Path, ours: bool) -> str:
        rows = [f"offsetof(struct bpfcc_run, {name})" for name in fields]
        rows += [f"offsetof(struct bpfcc_run, {f'layout_{name}' if ours else path})" for name, path in layout.items()]
        rows += [f"offsetof(struct bpfcc_region, {name})" for name in regions]
        rows += [f"offsetof(struct bpfcc_map_head, {name})" for name in heads]
        rows += [f"sizeof(struct bpfcc_{name})" for name in ("run", "region", "map_head", "reach")]
        name = "ours" if ours else "theirs"
        return f'#include "{header}"\n#include <stddef.h>\nconst unsigned long {name}[] = {{{", ".join(rows)}}};\n'

    text = table(program_module.HOST.parent / "bpfcc_program.h", ours=True)
    (tmp_path / "theirs.c").write_text(table(program_module.RUNTIME / "bpfcc.h", ours=False), encoding="utf-8")
    count = len(fields) + len(layout) + len(regions) + len(heads) + 4
    main = f"""
extern const unsigned long theirs[];
int main(void) {{ for (int i = 0; i < {count}; i++) if (ours[i] != theirs[i]) return i + 1; return 0; }}
"""
    build = Build(Target.host())
    path = tmp_path / "compare"
    path.write_bytes(build.program(text + main, build.object([tmp_path / "theirs.c"], ["-O1"])))
    path.chmod(0o755)
    assert subprocess.run([path], check=False).returncode == 0
