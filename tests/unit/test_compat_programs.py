"""Programs on packets: what ports without a difference gives there the mapped result of the Linux IR."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpfcc
from bpfcc.compat.report import make_report
from bpfcc.porting import port
from tests.compat_harness import Pair, ported, xdp

ROOT = Path(__file__).parents[2]
HARMLESS = ("same", "renamed", "emulated")
VERDICTS = {0: 2, 1: 2, 2: 1, 3: 3, 4: 2}
ETHERTYPES = (0x0800, 0x86DD, 0x8100, 0x0806, 0x88A8)

COUNTER = """
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct entry { __u64 packets, bytes; };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 256); __type(key, __u32); __type(value, struct entry); } counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u64); } total SEC(".maps");
struct record { __u32 length; __u32 hash; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); } records SEC(".maps");
__u32 verdicts[4] = {XDP_PASS, XDP_DROP, XDP_TX, XDP_PASS};
__u64 seen;

static __noinline __u32 mix(__u32 a, __u32 b) { return (a ^ b) * 2654435761u; }

SEC("xdp") int count(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);
	struct record *made;
	__u32 zero = 0, key;
	struct entry *found;
	__u64 *sum;

	seen++;
	if ((void *)(eth + 1) > end)
		return XDP_ABORTED;
	if (eth->h_proto != bpf_htons(ETH_P_IP) || (void *)(ip + 1) > end)
		return XDP_PASS;
	key = ip->protocol;
	found = bpf_map_lookup_elem(&counts, &key);
	if (!found)
		return XDP_DROP;
	found->packets++;
	found->bytes += end - data;
	sum = bpf_map_lookup_elem(&total, &zero);
	if (sum)
		*sum += bpf_xdp_get_buff_len(ctx);
	made = bpf_ringbuf_reserve(&records, sizeof(*made), 0);
	if (made) {
		made->length = end - data;
		made->hash = mix(ip->saddr, ip->daddr);
		if (ip->ttl & 1)
			bpf_ringbuf_submit(made, 0);
		else
			bpf_ringbuf_discard(made, 0);
	}
	if (ip->ttl == 7)
		bpf_printk("ttl %u of %u", ip->ttl, key);
	return verdicts[(ip->tos ^ mix(ip->saddr, ctx->ingress_ifindex)) & 3];
}

char _license[] SEC("license") = "GPL";
"""


def random_packet(source: random.Random) -> bytes:
    """Mostly an IPv4 header behind an Ethernet one; sometimes anything, or cut off."""
    ethertype = source.choice(ETHERTYPES) if source.random() < 0.3 else 0x0800
    header = source.randbytes(12) + ethertype.to_bytes(2, "big")
    ip = bytes([0x45]) + source.randbytes(7) + bytes([source.choice([7, 64, 63]), source.choice([1, 6, 17, 99])]) + source.randbytes(10)
    packet = header + ip + source.randbytes(source.randrange(60))
    return packet[: source.randrange(len(packet))] if source.random() < 0.15 else packet


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> bpfcc.Program:
    path = tmp_path_factory.mktemp("compat") / "count.bpf.c"
    path.write_text(COUNTER, encoding="utf-8")
    return bpfcc.compile(path).programs["count"]


@pytest.mark.parametrize(("backend", "checked"), [("interp", True), ("interp", False), ("llvm", False)])
def test_a_program_without_differences(counter: bpfcc.Program, backend: str, checked: bool) -> None:
    found = port(counter)
    assert {each.kind for each in found.entries if each.kind not in HARMLESS and each.depends is not False} == set()
    assert found.verdict is not None
    assert found.verdict.accepted
    source = random.Random(5)
    with Pair(counter, found, backend=backend, checked=checked) as pair:
        for _ in range(400):
            here, there = pair.run(random_packet(source))
            assert there.value == VERDICTS[here.value]
            assert (here.packet, here.maps, here.records) == (there.packet, there.maps, there.records)


def test_the_firewall_ports() -> None:
    program = bpfcc.compile(ROOT / "examples/firewall.bpf.c").programs["firewall"]
    found = port(program)
    (report,) = make_report("firewall.bpf.c", [found]).programs
    # The table of flows forgets its oldest entries in another order.
    assert (report.verdict, [each.split(":")[0] for each in report.why]) == ("differs", ["map flows (lru_hash)"])
    source = random.Random(6)
    with Pair(program, found) as pair:
        for _ in range(150):
            here, there = pair.run(random_packet(source))
            assert (VERDICTS[here.value], here.packet, here.records) == (there.value, there.packet, there.records)
            assert here.maps == there.maps


# ---- programs nobody wrote

OPERATIONS = ("+=", "-=", "*=", "&=", "|=", "^=", ">>=", "<<=")
REGISTERS = (0, 6, 7)


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Arithmetic on bytes of the packet and fields of the context, branches, and what comes out."""
    lines = [
        "r2 = *(u32 *)(r1 + 0)",
        "r3 = *(u32 *)(r1 + 4)",
        "r6 = *(u32 *)(r1 + 12)",
        "r0 = 2",
        "r7 = r3",
        "r7 -= r2",
        "r4 = r2",
        "r4 += 8",
        "if r4 > r3 goto out",
    ]
    for number in range(draw(st.integers(1, 8))):
        target, other = draw(st.sampled_from(REGISTERS)), draw(st.sampled_from(REGISTERS))
        match draw(st.integers(0, 3)):
            case 0:
                lines.append(f"r{target} = *(u8 *)(r2 + {draw(st.integers(0, 7))})")
            case 1:
                width = draw(st.sampled_from("rw"))
                lines.append(f"{width}{target} {draw(st.sampled_from(OPERATIONS))} {width}{other}")
            case 2:
                lines.append(f"r{target} {draw(st.sampled_from(OPERATIONS[:6]))} {draw(st.integers(-5, 5))}")
            case _:
                lines += [
                    f"if r{target} s> {draw(st.integers(-3, 40))} goto on{number}",
                    f"r{other} = {draw(st.integers(0, 5))}",
                    f"on{number}:",
                ]
    if draw(st.booleans()):
        lines.append("r0 &= 7")
    return "\n".join([*lines, "out:", "exit"])


@settings(max_examples=60)
@given(text=programs(), packets=st.lists(st.binary(max_size=24), min_size=1, max_size=4))
def test_any_program(text: str, packets: list[bytes]) -> None:
    found = ported(text)
    if found.module is None:
        # Some end with 4, and nothing else.
        assert {each.name for each in found.absent} == {"XDP_REDIRECT"}
        return
    with Pair(xdp(text), found) as pair:
        for packet in packets:
            here, there = pair.run(packet, {"ingress_ifindex": 3})
            assert there.value == VERDICTS.get(here.value, 2)
            assert here.packet == there.packet
