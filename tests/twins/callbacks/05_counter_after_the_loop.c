// type: xdp
// code: V010
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct job {
	__u64 found;
	__u64 wanted;
};

static int step(__u32 index, volatile struct job *job)
{
	if (index == job->wanted) {
		job->found = index;
		return 1;
	}
	return 0;
}

SEC("xdp")
int finds(struct xdp_md *ctx)
{
	volatile __u8 bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8};
	volatile struct job job = {0, ctx->rx_queue_index};
	__u64 found;

	bpf_loop(32, step, (void *)&job, 0);
	found = job.found;
#ifndef UNSAFE
	if (found >= 16)
		return XDP_DROP;
#endif
	return bytes[found] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
