// type: xdp
// code: V010
// access: yes
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct job {
	__u8 bytes[16];
};

static int step(__u32 index, volatile struct job *job)
{
#ifdef UNSAFE
	if (index >= 17)
#else
	if (index >= 16)
#endif
		return 1;
	job->bytes[index] = index;
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
