"""What many examples of the catalogue begin and end with, and maps that several of them use.

example=HEAD + COUNTERS + "SEC(\\"xdp\\") …" + GPL
"""

from __future__ import annotations

from typing import Final

HEAD: Final = """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

"""
TC_HEAD: Final = """\
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

"""
GPL: Final = """
char _license[] SEC("license") = "GPL";
"""
COUNTERS: Final = """\
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 64);
    __type(key, __u32);
    __type(value, __u64);
} counters SEC(".maps");

"""
EVENTS: Final = """\
struct event {
    __u32 device;
    __u32 queue;
};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} events SEC(".maps");

"""
ACCOUNTS: Final = """\
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

"""
TAIL_CALLS: Final = """\
struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 4);
    __type(key, __u32);
    __type(value, __u32);
} stages SEC(".maps");

"""
