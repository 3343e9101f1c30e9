"""Entries on control: termination, calls, budgets, what does not exist (V060 to V075)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bpfcc.verifier.catalogue.entry import Entry
from bpfcc.verifier.catalogue.parts import GPL, HEAD, TAIL_CALLS
from bpfcc.verifier.options import Budget, Options

SUM: Final = """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u8 *data = (void *)(long)ctx->data;
    __u8 *data_end = (void *)(long)ctx->data_end;
    __u32 sum = 0;

    for (int i = 0; i < 64; i++) {
        if (data + i + 1 > data_end)
            break;
        sum += data[i];
    }
    return sum & 1 ? XDP_DROP : XDP_PASS;
}
"""

ENTRIES: Final[Mapping[str, Entry]] = {
    "V060": Entry(
        why="A program runs inside the kernel and cannot be interrupted by it: a loop that may go on for ever stops the machine. "
        "Every loop needs a bound that can be seen: a counter that moves towards a limit.",
        example=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 rounds = 0;

    while (bpf_get_prandom_u32() != 7)
        rounds++;
    return rounds > 100 ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
        remedy="Count the rounds and leave after a constant number of them, or use `bpf_loop`. A counter in memory that a call may "
        "change is none.",
        fixed=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 rounds = 0;

    for (; rounds < 200; rounds++) {
        if (bpf_get_prandom_u32() == 7)
            break;
    }
    return rounds > 100 ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
        notes=("`--no-termination` accepts such loops. The interpreter's step budget still ends them.",),
    ),
    "V061": Entry(
        why="Each call takes a frame of the stack, of which there are eight. A function that calls itself, directly or through "
        "others, would need as many as its argument says.",
        example=HEAD
        + """\
static __noinline __u32 depth(__u32 size)
{
    if (size < 2)
        return bpf_get_prandom_u32() & 1;
    return depth(size / 2) + depth(size / 3);
}

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return depth(ctx->rx_queue_index) > 4 ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
        remedy="Write it as a loop, with an array for what is left to do.",
        fixed=HEAD
        + """\
static __noinline __u32 depth(__u32 size)
{
    __u32 found = 0;

    for (int i = 0; i < 32 && size >= 2; i++) {
        size /= 2;
        found++;
    }
    return found;
}

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return depth(ctx->rx_queue_index) > 4 ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
    ),
    "V062": Entry(
        why="The frames of functions that call each other lie on one stack of 512 bytes. Together they must fit, along the deepest "
        "path of calls.",
        example=HEAD
        + """\
static __noinline __u32 inner(__u32 at)
{
    volatile __u8 buffer[300] = {};

    buffer[at & 127] = 1;
    return buffer[bpf_get_prandom_u32() & 127];
}

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    volatile __u8 buffer[300] = {};

    buffer[ctx->rx_queue_index & 127] = inner(ctx->ingress_ifindex);
    return buffer[0] ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
        remedy="Move large buffers into a per-CPU array map, or let functions that are called one after the other share one buffer of "
        "the caller.",
        fixed=HEAD
        + """\
static __noinline __u32 inner(__u32 at)
{
    volatile __u8 buffer[128] = {};

    buffer[at & 127] = 1;
    return buffer[bpf_get_prandom_u32() & 127];
}

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    volatile __u8 buffer[128] = {};

    buffer[ctx->rx_queue_index & 127] = inner(ctx->ingress_ifindex);
    return buffer[0] ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
        notes=("On Linux a frame is rounded up to 32 bytes.",),
    ),
    "V063": Entry(
        why="At most eight functions may be active at once, the program itself included.",
        example=HEAD
        + """\
#define LEVEL(NAME, NEXT) \\
    static __noinline __u32 NAME(__u32 n) { return NEXT(n + bpf_get_prandom_u32()) ^ n; }

static __noinline __u32 last(__u32 n) { return bpf_get_prandom_u32() ^ n; }

LEVEL(level7, last)
LEVEL(level6, level7)
LEVEL(level5, level6)
LEVEL(level4, level5)
LEVEL(level3, level4)
LEVEL(level2, level3)
LEVEL(level1, level2)

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return level1(ctx->rx_queue_index) & 1 ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
        remedy="Let the compiler put some of them into their callers (`static __always_inline`), or call them one after the other.",
        fixed=HEAD
        + """\
#define LEVEL(NAME, NEXT) \\
    static __always_inline __u32 NAME(__u32 n) { return NEXT(n + bpf_get_prandom_u32()) ^ n; }

static __always_inline __u32 last(__u32 n) { return bpf_get_prandom_u32() ^ n; }

LEVEL(level7, last)
LEVEL(level6, level7)
LEVEL(level5, level6)
LEVEL(level4, level5)
LEVEL(level3, level4)
LEVEL(level2, level3)
LEVEL(level1, level2)

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return level1(ctx->rx_queue_index) & 1 ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
    ),
    "V064": Entry(
        why="A tail call leaves the function it is in for good. In a callback there is somebody waiting for the function to come "
        "back, and a program that follows another one needs room on the stack that deep frames have taken.",
        example=HEAD
        + TAIL_CALLS
        + """\
struct state {
    struct xdp_md *ctx;
};

static __noinline long each(__u32 index, struct state *state)
{
    bpf_tail_call(state->ctx, &stages, 1);
    return 0;
}

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    struct state state = {ctx};

    bpf_loop(4, each, &state, 0);
    return XDP_PASS;
}
"""
        + GPL,
        remedy="Make the tail call in the program's own function, after the loop or the call has ended.",
        fixed=HEAD
        + TAIL_CALLS
        + """\
static __noinline long each(__u32 index, __u32 *rounds)
{
    *rounds += 1;
    return 0;
}

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    __u32 rounds = 0;

    bpf_loop(4, each, &rounds, 0);
    bpf_tail_call(ctx, &stages, 1);
    return XDP_PASS;
}
"""
        + GPL,
    ),
    "V065": Entry(
        why="Helpers such as `bpf_loop` call a function of the program. It must be one of the program's own, known when the program "
        "is verified.",
        example=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    void *each = (void *)(unsigned long)ctx->rx_queue_index;

    bpf_loop(4, each, NULL, 0);
    return XDP_PASS;
}
"""
        + GPL,
        remedy="Pass a static function by its name.",
        fixed=HEAD
        + """\
static __noinline long each(__u32 index, void *data)
{
    return index == 2;
}

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    bpf_loop(4, each, NULL, 0);
    return XDP_PASS;
}
"""
        + GPL,
    ),
    "V066": Entry(
        why="A call through a pointer can be checked only where it is known which function the pointer means.",
        language="asm",
        example="""\
r2 = *(u32 *)(r1 + 16)
callx r2
r0 = 2
exit
""",
        remedy="Call functions by name; choose between them with `if` or `switch`, or with a tail call.",
        fixed="""\
r1 = *(u32 *)(r1 + 16)
call pick
exit
pick:
r0 = r1
r0 &= 1
exit
""",
    ),
    "V067": Entry(
        why="Kernel functions (kfuncs) are called by name. They differ from kernel to kernel, and each says which types of programs "
        "may call it.",
        example=HEAD
        + """\
extern int bpf_kfunc_of_another_kernel(int value) __ksym;

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return bpf_kfunc_of_another_kernel(1) ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
        remedy="Use a helper where there is one. To run on kernels with and without the function, declare it `__weak` and ask "
        "`bpf_ksym_exists` first.",
        fixed=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return bpf_ktime_get_ns() & 1 ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
    ),
    "V068": Entry(
        why="A global function is verified once, by its prototype alone, and every caller has to keep to it: a context where it "
        "takes one, no address where it takes a number. It gives back a number.",
        example=HEAD
        + """\
__noinline int queue_of(struct xdp_md *ctx)
{
    return ctx->rx_queue_index;
}

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    struct xdp_md copy = {};

    return queue_of(&copy) > 7 ? XDP_PASS : XDP_DROP;
}
"""
        + GPL,
        remedy="Pass what the prototype says. Or make the function static: it is then verified with what each caller really passes.",
        fixed=HEAD
        + """\
__noinline int queue_of(struct xdp_md *ctx)
{
    return ctx->rx_queue_index;
}

SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return queue_of(ctx) > 7 ? XDP_PASS : XDP_DROP;
}
"""
        + GPL,
    ),
    "V070": Entry(
        why="The program asks for a member or a type that this kernel does not have, without having asked whether it exists. "
        "Reaching that instruction would read something else.",
        example=HEAD
        + """\
struct task_struct {
    int member_of_another_kernel;
} __attribute__((preserve_access_index));

SEC("kprobe/do_unlinkat")
int handler(void *ctx)
{
    struct task_struct *task = (void *)bpf_get_current_task();
    int value = 0;

    bpf_probe_read_kernel(&value, sizeof(value), &task->member_of_another_kernel);
    return value != 0;
}
"""
        + GPL,
        remedy="Ask first: `bpf_core_field_exists(task->member)`, and use the member in that branch only. `--btf FILE` gives the types "
        "of another kernel.",
        fixed=HEAD
        + """\
#include <bpf/bpf_core_read.h>

struct task_struct {
    int member_of_another_kernel;
} __attribute__((preserve_access_index));

SEC("kprobe/do_unlinkat")
int handler(void *ctx)
{
    struct task_struct *task = (void *)bpf_get_current_task();
    int value = 0;

    if (bpf_core_field_exists(task->member_of_another_kernel))
        bpf_probe_read_kernel(&value, sizeof(value), &task->member_of_another_kernel);
    return value != 0;
}
"""
        + GPL,
        kernel="struct task_struct { int pid; }; struct task_struct init_task;\n",
    ),
    "V071": Entry(
        why="Verifying took more steps than it may. This says nothing against the program: it has more paths than the analysis can "
        "follow in the time that it has.",
        example=HEAD + SUM + GPL,
        remedy="Bound loops closer, make functions of repeated code global (they are then verified once), or give the analysis more: "
        "the finding names the loop that took most.",
        fixed=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return ctx->rx_queue_index & 1 ? XDP_DROP : XDP_PASS;
}
"""
        + GPL,
        notes=("Steps are counted, not seconds: the same program gets the same verdict on every machine.",),
        options=Options(budget=Budget(sparse_steps=16, path_steps=0, path_steps_each=0, smt_rlimit=0, smt_queries=0)),
    ),
    "V072": Entry(
        why="Every loop ends, but the program may execute more instructions than `--max-steps` allows (on Linux, a million). Packets"
        " would wait for it.",
        example=HEAD + SUM + GPL,
        remedy="Bound the loop closer, or do part of the work in another program that is called by a tail call.",
        fixed=HEAD + SUM.replace("i < 64", "i < 4") + GPL,
        options=Options(max_insns=100),
    ),
    "V075": Entry(
        why="The program uses something that bpfcc recognises and cannot judge. It is refused, since nothing can be promised about "
        "it; it may be right.",
        example=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    /* may_goto +0: a loop that the kernel ends */
    asm volatile(".byte 0xe5, 0, 0, 0, 0, 0, 0, 0");
    return XDP_PASS;
}
"""
        + GPL,
        remedy="Write it without the feature that the finding names, where that is possible.",
        fixed=HEAD
        + """\
SEC("xdp")
int handler(struct xdp_md *ctx)
{
    return XDP_PASS;
}
"""
        + GPL,
    ),
}
