"""Entries on helpers, their arguments and maps (V030 to V039)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bpfcc.verifier.catalogue.entry import Entry
from bpfcc.verifier.catalogue.parts import COUNTERS, EVENTS, GPL, HEAD, TC_HEAD

PROBE: Final = """\
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>

"""

ENTRIES: Final[Mapping[str, Entry]] = {
    "V030": Entry(
        why="Helpers are called by number. A number that the platform does not have leads nowhere, and the program does not load.",
        example=HEAD
        + """\
static long (*bpf_from_the_future)(void) = (void *)9999;

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return bpf_from_the_future() ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
        remedy="Look for another helper that does the same, or move the work to user space. For another platform's helpers give "
        "`--platform`; for those of a newer kernel, a platform file of your own.",
        fixed=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return bpf_ktime_get_ns() & 1 ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
        notes=("Windows has about fifty of Linux's helpers, under other numbers: `bpfcc compat` translates them.",),
    ),
    "V031": Entry(
        why="A helper works on what the program was called for: one that resizes an XDP frame has no meaning for a socket filter. "
        "Each type of program has its list.",
        example=TC_HEAD
        + """\
SEC("socket")
int handler(struct __sk_buff *skb)
{
    return bpf_redirect(1, 0) == TC_ACT_REDIRECT ? 1 : 0;
}
"""
        + GPL,
        remedy='Attach the program where the helper is allowed (here `SEC("tc")`), or do without it.',
        fixed=TC_HEAD
        + """\
SEC("tc")
int handler(struct __sk_buff *skb)
{
    return bpf_redirect(1, 0);
}
"""
        + GPL,
    ),
    "V029": Entry(
        why="Linux asks for the license of a program when it is loaded, and loaders take it from the `license` section. Where an object has"
        " none, helpers for programs under the GPL are refused, unless its loader knows the license from elsewhere.",
        example=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    bpf_printk("queue %d", ctx->rx_queue_index);
    return XDP_PASS;
}
""",
        remedy="Say the license in the object, where every loader finds it.",
        fixed=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    bpf_printk("queue %d", ctx->rx_queue_index);
    return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
""",
        notes=("A warning: objects of programs with loaders of their own often have no such section.",),
    ),
    "V032": Entry(
        why="Linux offers some helpers to programs under a licence compatible with the GPL only, and looks at the `license` section.",
        example=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    bpf_printk("queue %d", ctx->rx_queue_index);
    return XDP_PASS;
}

char _license[] SEC("license") = "Proprietary";
""",
        remedy='If you may, license the program under the GPL ("GPL", "Dual MIT/GPL", "Dual BSD/GPL"). Else leave the helper out; for '
        "output there are ring buffers.",
        fixed=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    bpf_printk("queue %d", ctx->rx_queue_index);
    return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
""",
        notes=("Windows does not look at licences.",),
    ),
    "V033": Entry(
        why="A function was given something of another kind than its prototype says: memory where it wants a map, a context where"
        " it wants a map. It would take it for what it is not.",
        example=HEAD
        + COUNTERS
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 key = ctx->rx_queue_index;

    return bpf_map_lookup_elem(&key, &counters) ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
        remedy="Pass what the prototype in `bpf_helper_defs.h` names; a key or value is passed by its address.",
        fixed=HEAD
        + COUNTERS
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 key = ctx->rx_queue_index;

    return bpf_map_lookup_elem(&counters, &key) ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
    ),
    "V034": Entry(
        why="A helper reads or writes as many bytes as its size argument, or as the map's keys and values have. All of them must lie"
        " in the memory it was given.",
        example=PROBE
        + """\
SEC("kprobe/do_unlinkat")
int handler(struct pt_regs *ctx)
{
    char name[16];

    bpf_get_current_comm(name, 64);
    return name[0] == 'r';
}
"""
        + GPL,
        remedy="Pass `sizeof` of the buffer. For maps, make keys and values variables of the types that the map's definition names.",
        fixed=PROBE
        + """\
SEC("kprobe/do_unlinkat")
int handler(struct pt_regs *ctx)
{
    char name[16];

    bpf_get_current_comm(name, sizeof(name));
    return name[0] == 'r';
}
"""
        + GPL,
    ),
    "V035": Entry(
        why="Helpers take sizes as numbers. A size that can be zero is refused where the helper says so, and one that can be "
        "negative is a very large one.",
        example=PROBE
        + """\
SEC("kprobe/do_unlinkat")
int handler(struct pt_regs *ctx)
{
    char name[16] = {};
    __u32 size = bpf_get_prandom_u32() & 15;

    bpf_get_current_comm(name, size);
    return name[0] == 'r';
}
"""
        + GPL,
        remedy="Bound the size from both sides before the call, in an unsigned variable, and leave where it is zero.",
        fixed=PROBE
        + """\
SEC("kprobe/do_unlinkat")
int handler(struct pt_regs *ctx)
{
    char name[16] = {};
    __u32 size = bpf_get_prandom_u32() & 15;

    if (size == 0)
        return 0;
    bpf_get_current_comm(name, size);
    return name[0] == 'r';
}
"""
        + GPL,
    ),
    "V036": Entry(
        why="Maps differ in what can be done with them: a ring buffer has no keys, a device map no values to read. The helper would "
        "misread the map.",
        example=HEAD
        + COUNTERS
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return bpf_redirect_map(&counters, ctx->rx_queue_index, 0);
}
"""
        + GPL,
        remedy="Define the map with the type that the helper works on.",
        fixed=HEAD
        + """\
struct {
    __uint(type, BPF_MAP_TYPE_DEVMAP);
    __uint(max_entries, 64);
    __type(key, __u32);
    __type(value, __u32);
} ports SEC(".maps");

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return bpf_redirect_map(&ports, ctx->rx_queue_index, 0);
}
"""
        + GPL,
    ),
    "V037": Entry(
        why="Some arguments decide how large the result is or which code is generated, so they have to be known when the program is "
        "verified.",
        example=HEAD
        + EVENTS
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u64 size = ctx->rx_queue_index & 64;
    void *event = bpf_ringbuf_reserve(&events, size + 8, 0);

    if (event)
        bpf_ringbuf_discard(event, 0);
    return XDP_PASS;
}
"""
        + GPL,
        remedy="Pass a constant (the largest size that is needed). For data of variable size use `bpf_ringbuf_output` or a dynptr.",
        fixed=HEAD
        + EVENTS
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

    if (event)
        bpf_ringbuf_discard(event, 0);
    return XDP_PASS;
}
"""
        + GPL,
    ),
    "V038": Entry(
        why="A function that may wait (for a page of user memory, for a lock) must not be called where the kernel cannot wait: in "
        "the network path, in interrupts, and in most tracing programs.",
        example=PROBE
        + """\
SEC("uprobe")
int handler(struct pt_regs *ctx)
{
    int value = 0;

    bpf_copy_from_user(&value, sizeof(value), (void *)0x1000);
    return value != 0;
}
"""
        + GPL,
        remedy='Make the program a sleepable one where its type allows that (`SEC("uprobe.s")`, `SEC("lsm.s/…")`), or use the function '
        "that does not wait: `bpf_probe_read_user`.",
        fixed=PROBE
        + """\
SEC("uprobe.s")
int handler(struct pt_regs *ctx)
{
    int value = 0;

    bpf_copy_from_user(&value, sizeof(value), (void *)0x1000);
    return value != 0;
}
"""
        + GPL,
    ),
    "V039": Entry(
        why="A map's definition says what may be done with it. A map that programs may only write gives them no values, a timer has to"
        " be started in the map that it lies in, and a map that the program's object does not define cannot be checked at all.",
        example=HEAD
        + """\
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4);
    __uint(map_flags, BPF_F_WRONLY_PROG);
    __type(key, __u32);
    __type(value, __u64);
} results SEC(".maps");

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 key = 0;
    __u64 *result = bpf_map_lookup_elem(&results, &key);

    return result && *result ? XDP_PASS : XDP_DROP;
}
"""
        + GPL,
        remedy="Take the flag away, or keep what the program reads in another map.",
        fixed=HEAD
        + """\
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 4);
    __type(key, __u32);
    __type(value, __u64);
} results SEC(".maps");

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 key = 0;
    __u64 *result = bpf_map_lookup_elem(&results, &key);

    return result && *result ? XDP_PASS : XDP_DROP;
}
"""
        + GPL,
        notes=("Writing to a map that programs may only read is V015.",),
    ),
}
