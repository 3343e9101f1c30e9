"""Entries on pointers and numbers: null, division, arithmetic, leaks (V020 to V026)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bpfcc.verifier.catalogue.entry import Entry
from bpfcc.verifier.catalogue.parts import COUNTERS, GPL, HEAD

ENTRIES: Final[Mapping[str, Entry]] = {
    "V020": Entry(
        why="A lookup that finds nothing, and a reservation for which there is no room, give a null pointer. Using it would access "
        "the lowest addresses of the kernel.",
        example=HEAD
        + COUNTERS
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 queue = ctx->rx_queue_index;
    __u64 *packets = bpf_map_lookup_elem(&counters, &queue);

    *packets += 1;
    return XDP_PASS;
}
"""
        + GPL,
        remedy="Test the pointer before its first use, on every path. Also for array maps: the key may be beyond the last entry, and "
        "bpfcc takes a lookup as certain only where the key is known to be inside.",
        fixed=HEAD
        + COUNTERS
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 queue = ctx->rx_queue_index;
    __u64 *packets = bpf_map_lookup_elem(&counters, &queue);

    if (packets)
        *packets += 1;
    return XDP_PASS;
}
"""
        + GPL,
    ),
    "V021": Entry(
        why="Dividing by zero does not trap: the result of a division is then 0, and the remainder is the dividend (RFC 9669, "
        "section 4.1). That is defined, and hardly ever what the author meant.",
        example=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 share = 1500 / ctx->rx_queue_index;

    return share & 1 ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
        remedy="Test the divisor before the division.",
        fixed=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 queue = ctx->rx_queue_index;

    if (queue == 0)
        return XDP_PASS;
    return (1500 / queue) & 1 ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
        notes=("A warning on every platform; `--deny div-zero` makes it an error.",),
    ),
    "V022": Entry(
        why="Only addresses that the program was given (its context, its stack, packets, map values, what helpers return) may be "
        "accessed. A number that was read or computed could be any address.",
        example=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 *place = (__u32 *)(unsigned long)ctx->rx_queue_index;

    return *place ? XDP_PASS : XDP_DROP;
}
"""
        + GPL,
        remedy="In tracing programs, read foreign memory with `bpf_probe_read_kernel` or `bpf_probe_read_user`. Elsewhere derive the "
        "pointer from one that is valid: a pointer that took a detour through a 32-bit variable or through memory is a number.",
        fixed=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 *place = (__u32 *)&ctx->rx_queue_index;

    return *place ? XDP_PASS : XDP_DROP;
}
"""
        + GPL,
    ),
    "V023": Entry(
        why="Numbers may be added to a pointer and subtracted from it; everything else (masking, shifting, multiplying, negating) "
        "gives something that is no pointer any more.",
        example=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    unsigned long data = ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    __u8 *aligned = (__u8 *)(data & ~3UL);

    if ((void *)(aligned + 1) > data_end)
        return XDP_PASS;
    return aligned[0] ? XDP_PASS : XDP_DROP;
}
"""
        + GPL,
        remedy="Compute with offsets, and add the offset to the pointer last.",
        fixed=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u8 *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    __u32 offset = ctx->rx_queue_index & 0x3c;

    if ((void *)(data + offset + 1) > data_end)
        return XDP_PASS;
    return data[offset] ? XDP_PASS : XDP_DROP;
}
"""
        + GPL,
    ),
    "V024": Entry(
        why="An address that ends up in a map, in a packet or in the program's result tells user space where the kernel keeps its "
        "memory: that is what an attacker needs to get around the randomisation of addresses.",
        example=HEAD
        + COUNTERS
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 queue = 0;
    __u64 *value = bpf_map_lookup_elem(&counters, &queue);

    if (value)
        *value = (unsigned long)ctx;
    return XDP_PASS;
}
"""
        + GPL,
        remedy="Store what identifies the thing (an index, a cookie, a mark) and not where it is.",
        fixed=HEAD
        + COUNTERS
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 queue = 0;
    __u64 *value = bpf_map_lookup_elem(&counters, &queue);

    if (value)
        *value = ctx->ingress_ifindex;
    return XDP_PASS;
}
"""
        + GPL,
        notes=("On Linux a warning: root may do it. On Windows an error.",),
    ),
    "V025": Entry(
        why="Accesses to the context are translated when the program is loaded, field by field. An instruction that accesses the "
        "context on one path and other memory on another cannot be translated.",
        language="asm",
        example="""\
r2 = *(u32 *)(r1 + 16)
r3 = 7
*(u64 *)(r10 - 8) = r3
r3 = r10
r3 += -24
if r2 == 0 goto read
r3 = r1
read:
r0 = *(u32 *)(r3 + 16)
exit
""",
        remedy="Read in each branch, and use the value after the branches have met. Where the compiler has joined the branches, put "
        "`barrier_var(value)` behind each read.",
        fixed="""\
r2 = *(u32 *)(r1 + 16)
r3 = 7
*(u64 *)(r10 - 8) = r3
if r2 == 0 goto frame
r0 = *(u32 *)(r1 + 16)
exit
frame:
r0 = *(u32 *)(r10 - 8)
exit
""",
    ),
    "V026": Entry(
        why="What a pointer may be used for depends on what it points to: atomic operations work on maps and the stack and not on"
        " packets, structures of the kernel are read member by member, the handle of a map is only passed to helpers.",
        example=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;

    if ((void *)(data + 1) > data_end)
        return XDP_PASS;
    __sync_fetch_and_add(data, 1);
    return XDP_PASS;
}
"""
        + GPL,
        remedy="Use the pointer for what it is there for: a packet belongs to one processor, so a plain addition is enough; what several"
        " programs count together belongs into a map.",
        fixed=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;

    if ((void *)(data + 1) > data_end)
        return XDP_PASS;
    *data += 1;
    return XDP_PASS;
}
"""
        + GPL,
    ),
}
