"""Calls of kernel functions and what helpers take from the kernel: pairs of programs, judged here and by the running kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from bpfcc.explain import fold
from bpfcc.judgement import ask, load_engine
from tests import libbpf
from tests.kernel import needs_kernel
from tests.twin_cases import SAFE, UNSAFE, Twin, load_case
from tests.twin_kernel import load_twin

if TYPE_CHECKING:
    from pathlib import Path

    from bpfcc.verifier.verdict import Finding
    from tests.twin_cases import Variant


class Pair(NamedTuple):
    """A safe program and, with UNSAFE, one that must get `code`."""

    name: str
    type: str
    code: str
    source: str


HEAD = '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n#include <bpf/bpf_tracing.h>\n'
TAIL = '\nchar LICENSE[] SEC("license") = "GPL";\n'
RINGBUF = 'struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");\n'
ARRAY = (
    "struct value { struct task_struct __kptr *task; __u64 bytes[2]; };\nstruct { __uint(type, BPF_MAP_TYPE_ARRAY); "
    '__uint(max_entries, 1); __type(key, __u32); __type(value, struct value); } values SEC(".maps");\n'
)

PAIRS = (
    Pair("arguments_of_functions_are_not_trusted", "tracing", "V033", """
SEC("fentry/wake_up_new_task")
int BPF_PROG(on, struct task_struct *task)
{
#ifdef UNSAFE
	struct task_struct *kept = bpf_task_acquire(task);
#else
	struct task_struct *kept = bpf_task_from_pid(task->pid);
#endif
	if (kept)
		bpf_task_release(kept);
	return 0;
}"""),
    Pair("a_member_is_of_its_own_type", "tracing", "V033", """
SEC("fentry/filp_close")
int BPF_PROG(on, struct file *file, void *id)
{
	char path[64];

#ifdef UNSAFE
	bpf_d_path((void *)file, path, sizeof(path));
#else
	bpf_d_path(&file->f_path, path, sizeof(path));
#endif
	return 0;
}"""),
    Pair("what_rcu_keeps_may_be_acquired", "tracing", "V033", """
SEC("tp_btf/task_newtask")
int BPF_PROG(on, struct task_struct *task, __u64 flags)
{
#ifdef UNSAFE
	struct task_struct *kept = bpf_task_acquire(task->group_leader->group_leader->last_wakee);
#else
	struct task_struct *kept = bpf_task_acquire(task->real_parent);
#endif
	if (kept)
		bpf_task_release(kept);
	return 0;
}"""),
    Pair("an_iterator_is_destroyed_once", "xdp", "V033", """
SEC("xdp")
int on(struct xdp_md *ctx)
{
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, 0, 4);
	bpf_iter_num_next(&it);
	bpf_iter_num_destroy(&it);
#ifdef UNSAFE
	bpf_iter_num_destroy(&it);
#endif
	return XDP_PASS;
}"""),
    Pair("a_number_of_a_destroyed_iterator", "xdp", "V041", """
SEC("xdp")
int on(struct xdp_md *ctx)
{
	struct bpf_iter_num it;
	int *number, found = 0;

	bpf_iter_num_new(&it, 0, 4);
	number = bpf_iter_num_next(&it);
#ifndef UNSAFE
	found = number ? *number : 0;
#endif
	bpf_iter_num_destroy(&it);
#ifdef UNSAFE
	found = number ? *number : 0;
#endif
	return found ? XDP_PASS : XDP_DROP;
}"""),
    Pair("a_slice_of_an_earlier_dynptr", "xdp", "V041", RINGBUF + """
SEC("xdp")
int on(struct xdp_md *ctx)
{
	struct bpf_dynptr record;
	__u32 *first, *second;

	bpf_ringbuf_reserve_dynptr(&events, 8, 0, &record);
	first = bpf_dynptr_data(&record, 0, 4);
	if (first)
		*first = 1;
	bpf_ringbuf_submit_dynptr(&record, 0);
	bpf_ringbuf_reserve_dynptr(&events, 8, 0, &record);
	second = bpf_dynptr_data(&record, 0, 4);
#ifdef UNSAFE
	if (first && second)
		*first = 2;
#else
	if (first && second)
		*second = 2;
#endif
	bpf_ringbuf_submit_dynptr(&record, 0);
	return XDP_PASS;
}"""),
    Pair("a_slice_is_gone_when_the_packet_moves", "xdp", "V041", """
SEC("xdp")
int on(struct xdp_md *ctx)
{
	struct bpf_dynptr packet;
	__u8 buffer[4], *start;
	int found = 0;

	if (bpf_dynptr_from_xdp(ctx, 0, &packet))
		return XDP_DROP;
	start = bpf_dynptr_slice(&packet, 0, buffer, 4);
	if (!start)
		return XDP_DROP;
#ifndef UNSAFE
	found = start[0];
#endif
	bpf_xdp_adjust_tail(ctx, -1);
#ifdef UNSAFE
	found = start[0];
#endif
	return found ? XDP_PASS : XDP_DROP;
}"""),
    Pair("a_spoilt_dynptr", "xdp", "V033", """
SEC("xdp")
int on(struct xdp_md *ctx)
{
	struct bpf_dynptr packet;
	__u64 other;

	if (bpf_dynptr_from_xdp(ctx, 0, &packet))
		return XDP_DROP;
#ifdef UNSAFE
	*(volatile __u64 *)&packet = 0;
#else
	*(volatile __u64 *)&other = 0;
#endif
	return bpf_dynptr_size(&packet) > 7 ? XDP_PASS : XDP_DROP;
}"""),
    Pair("a_dynptr_is_not_read", "xdp", "V018", """
SEC("xdp")
int on(struct xdp_md *ctx)
{
	struct bpf_dynptr packet;
	volatile __u64 other = 7;

	if (bpf_dynptr_from_xdp(ctx, 0, &packet))
		return XDP_DROP;
#ifdef UNSAFE
	return *(volatile __u64 *)&packet ? XDP_PASS : XDP_DROP;
#else
	return other ? XDP_PASS : XDP_DROP;
#endif
}"""),
    Pair("no_helper_writes_into_a_dynptr", "tracing", "V034", RINGBUF + """
SEC("tp_btf/sched_switch")
int BPF_PROG(on, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct bpf_dynptr record;
	__u64 other;

	bpf_ringbuf_reserve_dynptr(&events, 8, 0, &record);
#ifdef UNSAFE
	bpf_probe_read_kernel(&record, 8, next);
#else
	bpf_probe_read_kernel(&other, 8, next);
#endif
	bpf_ringbuf_discard_dynptr(&record, 0);
	return 0;
}"""),
    Pair("a_reserved_dynptr_is_not_replaced", "xdp", "V040", RINGBUF + """
SEC("xdp")
int on(struct xdp_md *ctx)
{
	struct bpf_dynptr record;

	bpf_ringbuf_reserve_dynptr(&events, 8, 0, &record);
#ifdef UNSAFE
	bpf_ringbuf_reserve_dynptr(&events, 8, 0, &record);
#endif
	bpf_ringbuf_submit_dynptr(&record, 0);
	return XDP_PASS;
}"""),
    Pair("unlocked_and_never_locked", "tracing", "V046", """
SEC("tp_btf/sched_switch")
int BPF_PROG(on, bool preempt, struct task_struct *prev, struct task_struct *next)
{
#ifndef UNSAFE
	bpf_rcu_read_lock();
#endif
	bpf_rcu_read_unlock();
	return 0;
}"""),
    Pair("interrupts_are_restored_inside_out", "tracing", "V046", """
SEC("tp_btf/sched_switch")
int BPF_PROG(on, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	unsigned long first, second;

	bpf_local_irq_save(&first);
	bpf_local_irq_save(&second);
#ifdef UNSAFE
	bpf_local_irq_restore(&first);
	bpf_local_irq_restore(&second);
#else
	bpf_local_irq_restore(&second);
	bpf_local_irq_restore(&first);
#endif
	return 0;
}"""),
    Pair("interrupts_stay_disabled", "tracing", "V040", """
SEC("tp_btf/sched_switch")
int BPF_PROG(on, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	unsigned long flags;

	bpf_local_irq_save(&flags);
#ifdef UNSAFE
	if (next->pid == 1)
		return 0;
#endif
	bpf_local_irq_restore(&flags);
	return 0;
}"""),
    Pair("a_tail_call_under_a_read_lock", "tracing", "V042", """
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32);
} next_programs SEC(".maps");

SEC("tp_btf/sched_switch")
int BPF_PROG(on, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	bpf_rcu_read_lock();
#ifdef UNSAFE
	bpf_tail_call(ctx, &next_programs, 1);
	bpf_rcu_read_unlock();
#else
	bpf_rcu_read_unlock();
	bpf_tail_call(ctx, &next_programs, 1);
#endif
	return 0;
}"""),
    Pair("locks_and_tracing", "kprobe", "V039", """
struct value {
	__u64 count;
#ifdef UNSAFE
	struct bpf_spin_lock lock;
#endif
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct value);
} values SEC(".maps");

SEC("kprobe/do_exit")
int on(void *ctx)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);

	if (value)
		value->count++;
	return 0;
}"""),
    Pair("maps_of_programs_that_sleep", "tracing", "V039", """
struct {
#ifdef UNSAFE
	__uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(max_entries, 1); __uint(key_size, 4); __uint(value_size, 80);
#else
	__uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __uint(key_size, 4); __uint(value_size, 80);
#endif
} values SEC(".maps");

SEC("fentry.s/__x64_sys_getpgid")
int on(void *ctx)
{
#ifdef UNSAFE
	bpf_get_stackid(ctx, &values, 0);
#else
	__u32 key = 0;

	bpf_map_delete_elem(&values, &key);
#endif
	return 0;
}"""),
    Pair("a_member_of_a_map_has_one_type", "tracing", "V033", ARRAY + """
SEC("tp_btf/sched_switch")
int BPF_PROG(on, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);
	struct task_struct *old;

	if (!value)
		return 0;
#ifdef UNSAFE
	struct cgroup *kept = bpf_cgroup_from_id(1);
#else
	struct task_struct *kept = bpf_task_acquire(next);
#endif
	if (!kept)
		return 0;
	old = bpf_kptr_xchg(&value->task, (void *)kept);
	if (old)
		bpf_task_release(old);
	return 0;
}"""),
    Pair("only_what_is_held_is_exchanged", "tracing", "V041", ARRAY + """
SEC("tp_btf/sched_switch")
int BPF_PROG(on, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);
	struct task_struct *old;

	if (!value)
		return 0;
#ifdef UNSAFE
	old = bpf_kptr_xchg(&value->task, next);
#else
	old = bpf_kptr_xchg(&value->task, NULL);
#endif
	if (old)
		bpf_task_release(old);
	return 0;
}"""),
    Pair("what_was_taken_out_is_held", "tracing", "V040", ARRAY + """
SEC("tp_btf/sched_switch")
int BPF_PROG(on, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);
	struct task_struct *old;

	if (!value)
		return 0;
	old = bpf_kptr_xchg(&value->task, NULL);
	if (old)
#ifdef UNSAFE
		value->bytes[0] = old->pid;
#else
		bpf_task_release(old);
#endif
	return 0;
}"""),
    Pair("few_helpers_take_the_packet", "xdp", "V033", """
SEC("xdp")
int on(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 copied;

	if (data + 4 > end)
		return XDP_DROP;
	copied = *(__u32 *)data;
#ifdef UNSAFE
	return bpf_xdp_store_bytes(ctx, 8, data, 4) ? XDP_DROP : XDP_PASS;
#else
	return bpf_xdp_store_bytes(ctx, 8, &copied, 4) ? XDP_DROP : XDP_PASS;
#endif
}"""),
    Pair("dynptrs_of_memory_are_of_maps", "xdp", "V033", """
__u64 global[2];

SEC("xdp")
int on(struct xdp_md *ctx)
{
	__u64 local[2] = {};
	struct bpf_dynptr bytes;

#ifdef UNSAFE
	bpf_dynptr_from_mem(local, sizeof(local), 0, &bytes);
#else
	bpf_dynptr_from_mem(global, sizeof(global), 0, &bytes);
#endif
	return bpf_dynptr_size(&bytes) > 4 ? XDP_PASS : XDP_DROP;
}"""),
    Pair("functions_of_other_types", "xdp", "V067", """
SEC("xdp")
int on(struct xdp_md *ctx)
{
	struct bpf_dynptr packet;

#ifdef UNSAFE
	return bpf_dynptr_from_skb((void *)ctx, 0, &packet) ? XDP_PASS : XDP_DROP;
#else
	return bpf_dynptr_from_xdp(ctx, 0, &packet) ? XDP_PASS : XDP_DROP;
#endif
}"""),
)  # fmt: skip

pairs = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)


def twin_of(pair: Pair, folder: Path) -> Twin:
    path = folder / f"01_{pair.name}.c"
    path.write_text(f"// type: {pair.type}\n// code: {pair.code}\n// kernel: both\n{HEAD}{pair.source}{TAIL}")
    return load_case(path)


def judged(case: Twin, variant: Variant) -> list[Finding]:
    module = case.program(variant).ir
    return [f for f in fold(ask(load_engine(), module, case.request(variant), None).findings, module) if f.level == "error"]


@needs_kernel
@pairs
def test_the_safe_one_is_accepted(pair: Pair, tmp_path: Path) -> None:
    assert judged(twin_of(pair, tmp_path), SAFE) == []


@needs_kernel
@pairs
def test_the_unsafe_one_is_found_out(pair: Pair, tmp_path: Path) -> None:
    found = judged(twin_of(pair, tmp_path), UNSAFE)
    assert {finding.code for finding in found} == {pair.code}, found


# Programs on functions cannot be loaded everywhere that others can: they make trampolines.
ASKED = [pair for pair in PAIRS if 'SEC("fentry' not in pair.source]


@needs_kernel
@pytest.mark.skipif(libbpf.library() is None, reason="loading C programs needs root and libbpf.so.1")
@pytest.mark.parametrize("pair", ASKED, ids=lambda pair: pair.name)
def test_linux_tells_them_apart_too(pair: Pair, tmp_path: Path) -> None:
    case = twin_of(pair, tmp_path)
    assert load_twin(case, SAFE) is None
    assert load_twin(case, UNSAFE) is not None
