"""Entries on references, locks and results (V040 to V050)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bpfcc.verifier.catalogue.entry import Entry
from bpfcc.verifier.catalogue.parts import ACCOUNTS, EVENTS, GPL, HEAD, TAIL_CALLS

LOOKUP: Final = """\
    __u32 key = 0;
    struct account *account = bpf_map_lookup_elem(&accounts, &key);

    if (!account)
        return XDP_PASS;
"""
HANDLER: Final = """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
"""

ENTRIES: Final[Mapping[str, Entry]] = {
    "V040": Entry(
        why="What a helper reserves or counts for the program (a record of a ring buffer, a socket) has to be given back on every "
        "path. A record that is never submitted blocks the ring buffer for good; a socket that is not released is never freed.",
        example=HEAD
        + EVENTS
        + HANDLER
        + """\
    struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

    if (!event)
        return XDP_PASS;
    event->device = ctx->ingress_ifindex;
    event->queue = ctx->rx_queue_index;
    if (event->queue > 3)
        return XDP_DROP;
    bpf_ringbuf_submit(event, 0);
    return XDP_PASS;
}
"""
        + GPL,
        remedy="Release it before every return: `bpf_ringbuf_discard` or `bpf_ringbuf_submit`, `bpf_sk_release`. Decide first and "
        "reserve afterwards where that is possible.",
        fixed=HEAD
        + EVENTS
        + HANDLER
        + """\
    struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

    if (!event)
        return XDP_PASS;
    event->device = ctx->ingress_ifindex;
    event->queue = ctx->rx_queue_index;
    if (event->queue > 3) {
        bpf_ringbuf_discard(event, 0);
        return XDP_DROP;
    }
    bpf_ringbuf_submit(event, 0);
    return XDP_PASS;
}
"""
        + GPL,
    ),
    "V041": Entry(
        why="After its release a thing belongs to somebody else: a submitted record is being read by user space, a released socket "
        "may be freed. The pointer to it is worthless, and releasing it twice damages what took its place.",
        example=HEAD
        + EVENTS
        + HANDLER
        + """\
    struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

    if (!event)
        return XDP_PASS;
    event->device = ctx->ingress_ifindex;
    bpf_ringbuf_submit(event, 0);
    event->queue = ctx->rx_queue_index;
    return XDP_PASS;
}
"""
        + GPL,
        remedy="Release last, once, and do not use the pointer afterwards.",
        fixed=HEAD
        + EVENTS
        + HANDLER
        + """\
    struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

    if (!event)
        return XDP_PASS;
    event->device = ctx->ingress_ifindex;
    event->queue = ctx->rx_queue_index;
    bpf_ringbuf_submit(event, 0);
    return XDP_PASS;
}
"""
        + GPL,
    ),
    "V042": Entry(
        why="A tail call never comes back, so what the program holds at that moment would never be given back. The same goes for the"
        " end of a callback and for other places where control does not return to the holder.",
        example=HEAD
        + EVENTS
        + TAIL_CALLS
        + HANDLER
        + """\
    struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

    if (!event)
        return XDP_PASS;
    bpf_tail_call(ctx, &stages, 1);
    bpf_ringbuf_discard(event, 0);
    return XDP_PASS;
}
"""
        + GPL,
        remedy="Release what is held before the tail call.",
        fixed=HEAD
        + EVENTS
        + TAIL_CALLS
        + HANDLER
        + """\
    struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

    if (!event)
        return XDP_PASS;
    bpf_ringbuf_discard(event, 0);
    bpf_tail_call(ctx, &stages, 1);
    return XDP_PASS;
}
"""
        + GPL,
    ),
    "V045": Entry(
        why="While a spin lock is held another processor may be waiting for it, with interrupts off. Calls, loops without a bound "
        "and a second lock could keep it waiting for long, or for ever.",
        example=HEAD
        + ACCOUNTS
        + HANDLER
        + LOOKUP
        + """\
    bpf_spin_lock(&account->lock);
    account->packets += bpf_get_prandom_u32() & 1;
    bpf_spin_unlock(&account->lock);
    return XDP_PASS;
}
"""
        + GPL,
        remedy="Call before the lock is taken, and keep the locked part to plain reads and writes of the value.",
        fixed=HEAD
        + ACCOUNTS
        + HANDLER
        + LOOKUP
        + """\
    __u32 more = bpf_get_prandom_u32() & 1;

    bpf_spin_lock(&account->lock);
    account->packets += more;
    bpf_spin_unlock(&account->lock);
    return XDP_PASS;
}
"""
        + GPL,
    ),
    "V046": Entry(
        why="Releasing a lock that somebody else holds lets a second program into the section that the lock protects.",
        example=HEAD
        + ACCOUNTS
        + HANDLER
        + LOOKUP
        + """\
    account->packets += 1;
    bpf_spin_unlock(&account->lock);
    return XDP_PASS;
}
"""
        + GPL,
        remedy="Lock and unlock in pairs, on the same value, in the same function.",
        fixed=HEAD
        + ACCOUNTS
        + HANDLER
        + LOOKUP
        + """\
    bpf_spin_lock(&account->lock);
    account->packets += 1;
    bpf_spin_unlock(&account->lock);
    return XDP_PASS;
}
"""
        + GPL,
    ),
    "V047": Entry(
        why="A spin lock protects a map value, and is the member of type `struct bpf_spin_lock` that the map's types declare. A lock"
        " on the stack is seen by nobody else, and other members are data.",
        example=HEAD
        + ACCOUNTS
        + HANDLER
        + LOOKUP
        + """\
    bpf_spin_lock((struct bpf_spin_lock *)&account->packets);
    account->packets += 1;
    bpf_spin_unlock((struct bpf_spin_lock *)&account->packets);
    return XDP_PASS;
}
"""
        + GPL,
        remedy="Declare `struct bpf_spin_lock lock;` in the value's structure, give the map its types with `__type`, and pass the "
        "address of that member.",
        fixed=HEAD
        + ACCOUNTS
        + HANDLER
        + LOOKUP
        + """\
    bpf_spin_lock(&account->lock);
    account->packets += 1;
    bpf_spin_unlock(&account->lock);
    return XDP_PASS;
}
"""
        + GPL,
    ),
    "V050": Entry(
        why="The kernel takes the result for a decision, and for some types of program only certain numbers are one. Another number "
        "would be taken for something that it is not.",
        example=HEAD
        + """\
SEC("cgroup/sock_create")
int handler(struct bpf_sock *sk)
{
    return sk->family;
}
"""
        + GPL,
        remedy="Return one of the values that the type of program has, on every path; bound what was computed or read.",
        fixed=HEAD
        + """\
SEC("cgroup/sock_create")
int handler(struct bpf_sock *sk)
{
    return sk->family == 2;
}
"""
        + GPL,
        notes=("Which numbers these are depends on the type and on where the program is attached. XDP and tc programs may return any.",),
    ),
}
