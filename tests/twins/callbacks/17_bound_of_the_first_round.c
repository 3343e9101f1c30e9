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

/* True in the first round; what about the others? */
static int step(__u32 index, volatile struct job *job)
{
	job->bytes[job->at] = index;
#ifdef UNSAFE
	job->at = (job->at + 3) & 31;
#else
	job->at = (job->at + 3) & 15;
#endif
	return 0;
}

SEC("xdp")
int fills(struct xdp_md *ctx)
{
	volatile struct job job = {};

	bpf_loop(64, step, (void *)&job, 0);
	return job.bytes[3] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
