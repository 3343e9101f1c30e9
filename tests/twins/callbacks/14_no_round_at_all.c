// type: xdp
// code: V020
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct job {
	volatile __u64 *count;
};

static int step(__u32 index, volatile struct job *job)
{
	job->count = bpf_map_lookup_elem(&counts, &index);
	return job->count != 0;
}

SEC("xdp")
int counts_first(struct xdp_md *ctx)
{
	volatile struct job job = {};

	bpf_loop(ctx->rx_queue_index, step, (void *)&job, 0);
#ifndef UNSAFE
	if (!job.count)
		return XDP_DROP;
#endif
	*job.count = 1;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
