"""Entries on memory: initialisation, bounds, access rules (V001 to V019)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bpfcc.verifier.catalogue.entry import Entry

ENTRIES: Final[Mapping[str, Entry]] = {
    "V001": Entry(
        why="A register that nothing was written to holds whatever the machine left in it: another program's data, or an address. "
        "The result would differ from run to run, and an attacker could learn from it. C programs get this where a function has "
        "no `return` on some path, or where a function is called with fewer arguments than it reads.",
        language="asm",
        example="""\
r0 = r3
exit
""",
        remedy="Give the variable a value on every path that leads to its use, and return a value at the end of every function. After a"
        " call, r1 to r5 hold nothing any more: keep what you need in a variable.",
        fixed="""\
r3 = 2
r0 = r3
exit
""",
        notes=("On every platform an error: no option turns it off.",),
    ),
    "V002": Entry(
        why="Bytes of the stack that the program did not write are what an earlier call left there. Copied into a map or an event "
        "they leak memory of the kernel, and as part of a key they make a lookup miss at random. The usual source is padding "
        "between the members of a structure.",
        example="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct key {
    __u8 queue;
    /* three bytes of padding */
    __u32 device;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 64);
    __type(key, struct key);
    __type(value, __u64);
} seen SEC(".maps");

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    struct key key;

    key.queue = ctx->rx_queue_index;
    key.device = ctx->ingress_ifindex;
    return bpf_map_lookup_elem(&seen, &key) ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "GPL";
""",
        remedy="Clear the whole object before its members are set: `__builtin_memset(&key, 0, sizeof(key))`. An initialiser (`= {}`) "
        "need not clear the padding.",
        fixed="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct key {
    __u8 queue;
    /* three bytes of padding */
    __u32 device;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 64);
    __type(key, struct key);
    __type(value, __u64);
} seen SEC(".maps");

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    struct key key;

    __builtin_memset(&key, 0, sizeof(key));
    key.queue = ctx->rx_queue_index;
    key.device = ctx->ingress_ifindex;
    return bpf_map_lookup_elem(&seen, &key) ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "GPL";
""",
        notes=(
            (
                "On Linux a warning, since programs that root loads may do it and many do; bpfcc clears these bytes before the program "
                "runs. On Windows an error."
            ),
        ),
    ),
    "V010": Entry(
        why="A function has 512 bytes of stack, and its frame ends where the caller's begins. An access beyond them would read or "
        "overwrite memory that belongs to somebody else.",
        example="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    volatile __u8 seen[12] = {};
    __u32 queue = ctx->rx_queue_index;

    /* 24 queues, 12 elements */
    if (queue < 24)
        seen[queue] = 1;
    return seen[0] ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
        remedy="Bound the index by the number of elements, by a comparison or a mask, before the array is indexed. Put large buffers "
        "into a per-CPU array map instead of the stack.",
        fixed="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    volatile __u8 seen[12] = {};
    __u32 queue = ctx->rx_queue_index;

    if (queue < 12)
        seen[queue] = 1;
    return seen[0] ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
    ),
    "V011": Entry(
        why="A packet can be shorter than its headers say. Behind `data_end` lies other memory of the kernel, so every access has to"
        " follow a comparison with `data_end` that covers all of its bytes, on every path that leads to it.",
        example="""\
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    struct ethhdr *eth = data;

    return eth->h_proto == bpf_htons(ETH_P_ARP) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
        remedy="Before the first access compare the end of what you read with `data_end`, and leave the function where it lies behind. "
        "After a header of variable length compare again, with the pointer that is used.",
        fixed="""\
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;

    if ((void *)(eth + 1) > data_end)
        return XDP_PASS;
    return eth->h_proto == bpf_htons(ETH_P_ARP) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
        notes=("A comparison that was made before the packet moved does not count: see V019.",),
    ),
    "V012": Entry(
        why="The context is not memory: the loader rewrites each access to one of its fields into an access to a structure of the "
        "kernel. Only whole fields, at their own offset and size, have such a translation.",
        example="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 *words = (__u32 *)ctx;

    /* xdp_md has six words, and this is a seventh */
    return words[6] ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "GPL";
""",
        remedy="Read each field by its name. Where the compiler joins two reads into one, read the fields through a volatile pointer or"
        " put `barrier()` between the reads.",
        fixed="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return ctx->ingress_ifindex ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "GPL";
""",
        notes=(
            "Which fields there are depends on the type of program, and for some on where it is attached.",
            "On Windows contexts are smaller: `bpfcc compat` lists the fields that are missing.",
        ),
    ),
    "V013": Entry(
        why="A lookup gives the address of one value of the map, `value_size` bytes long. Behind it lie other values, or the map's "
        "own structures.",
        example="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct counters {
    __u64 of_queue[4];
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct counters);
} packets SEC(".maps");

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 key = 0, queue = ctx->rx_queue_index;
    struct counters *counters = bpf_map_lookup_elem(&packets, &key);

    if (counters)
        counters->of_queue[queue] += 1;
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
        remedy="Bound the index before it is used, so that the last byte of the access lies in the value.",
        fixed="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct counters {
    __u64 of_queue[4];
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct counters);
} packets SEC(".maps");

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 key = 0, queue = ctx->rx_queue_index;
    struct counters *counters = bpf_map_lookup_elem(&packets, &key);

    if (counters && queue < 4)
        counters->of_queue[queue] += 1;
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
    ),
    "V014": Entry(
        why="Memory that a helper hands out (a reserved record of a ring buffer, a slice of a dynptr) has the size that was asked "
        "for, and no more.",
        example="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct event {
    __u32 device;
    __u32 queue;
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    struct event *event = bpf_ringbuf_reserve(&events, sizeof(event->device), 0);

    if (!event)
        return XDP_PASS;
    event->device = ctx->ingress_ifindex;
    event->queue = ctx->rx_queue_index;
    bpf_ringbuf_submit(event, 0);
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
        remedy="Ask for the size of what you write: `sizeof(*event)`.",
        fixed="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct event {
    __u32 device;
    __u32 queue;
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} events SEC(".maps");

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

    if (!event)
        return XDP_PASS;
    event->device = ctx->ingress_ifindex;
    event->queue = ctx->rx_queue_index;
    bpf_ringbuf_submit(event, 0);
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
    ),
    "V015": Entry(
        why="Constants of the program, maps that are read-only for programs, and memory of the kernel may be read and not written.",
        example="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 limit = 5;

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    *(volatile __u32 *)&limit = ctx->rx_queue_index;
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
        remedy="Make the variable a plain global one (it then lies in `.data` or `.bss`), or keep what changes in a map of its own.",
        fixed="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

volatile __u32 limit = 5;

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    limit = ctx->rx_queue_index;
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
    ),
    "V016": Entry(
        why="Most fields of a context say something about the packet or the event; the kernel does not take another value for them. "
        "A few are there to be written: `mark` and `priority` of a socket buffer, the addresses of a connect hook.",
        example="""\
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int handler(struct __sk_buff *skb)
{
    skb->ifindex = 2;
    return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
""",
        remedy="Use the helper that does what you want (`bpf_redirect`, `bpf_skb_store_bytes`, `bpf_xdp_adjust_tail`), or a field that "
        "may be written.",
        fixed="""\
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int handler(struct __sk_buff *skb)
{
    skb->mark = 2;
    return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
""",
    ),
    "V017": Entry(
        why="Some accesses only work at addresses that are a multiple of their size: atomic operations, and whole registers on the "
        "stack. Elsewhere they are not atomic, or trap on some processors.",
        example="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct counter {
    __u32 flags;
    __u64 packets;
} __attribute__((packed));

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct counter);
} counters SEC(".maps");

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 key = 0;
    struct counter *counter = bpf_map_lookup_elem(&counters, &key);

    if (counter)
        __sync_fetch_and_add((__u64 *)((void *)counter + 4), 1);
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
        remedy="Do not pack structures that hold counters; put the largest members first.",
        fixed="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct counter {
    __u64 packets;
    __u32 flags;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct counter);
} counters SEC(".maps");

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 key = 0;
    struct counter *counter = bpf_map_lookup_elem(&counters, &key);

    if (counter)
        __sync_fetch_and_add(&counter->packets, 1);
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
    ),
    "V018": Entry(
        why="Locks, timers and pointers of the kernel in a map value are the kernel's: a plain write to one would let two programs "
        "into the same section, or make the kernel follow a made-up address.",
        example="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct account {
    struct bpf_spin_lock lock;
    __u32 packets;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct account);
} accounts SEC(".maps");

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 key = 0;
    struct account *account = bpf_map_lookup_elem(&accounts, &key);

    if (!account)
        return XDP_PASS;
    account->lock.val = 1;
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
        remedy="Use the helpers: `bpf_spin_lock`, `bpf_timer_init`, `bpf_kptr_xchg`. To clear a value, clear its members one by one.",
        fixed="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct account {
    struct bpf_spin_lock lock;
    __u32 packets;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct account);
} accounts SEC(".maps");

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 key = 0;
    struct account *account = bpf_map_lookup_elem(&accounts, &key);

    if (!account)
        return XDP_PASS;
    bpf_spin_lock(&account->lock);
    account->packets += 1;
    bpf_spin_unlock(&account->lock);
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
    ),
    "V019": Entry(
        why="Helpers that resize or linearise the packet may move it. Pointers that were taken from `data` before the call then "
        "point to memory that was given back, and comparisons that were made before the call prove nothing.",
        example="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u8 *data = (void *)(long)ctx->data;
    __u8 *data_end = (void *)(long)ctx->data_end;

    if (data + 1 > data_end)
        return XDP_DROP;
    if (bpf_xdp_adjust_head(ctx, -4))
        return XDP_DROP;
    data[0] = 0;
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
        remedy="After the call read `ctx->data` and `ctx->data_end` again, and compare again.",
        fixed="""\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u8 *data, *data_end;

    if (bpf_xdp_adjust_head(ctx, -4))
        return XDP_DROP;
    data = (void *)(long)ctx->data;
    data_end = (void *)(long)ctx->data_end;
    if (data + 1 > data_end)
        return XDP_DROP;
    data[0] = 0;
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
""",
    ),
}
