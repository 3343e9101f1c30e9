// type: xdp
// code: V010
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct job {
	__u64 at;
	__u8 bytes[16];
};

static int step(__u32 index, volatile struct job *job)
{
	__u64 at = job->at;

#ifndef UNSAFE
	if (at >= sizeof(job->bytes))
		return 1;
#endif
	job->bytes[at] = index;
	job->at = at + 1;
	return 0;
}

SEC("xdp")
int fills(struct xdp_md *ctx)
{
	volatile struct job job = {};

	bpf_loop(ctx->rx_queue_index, step, (void *)&job, 0);
	return job.bytes[3] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
