// type: xdp
// code: V022
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct job {
	volatile __u64 *count;
	__u64 rounds;
};

static int step(__u32 index, volatile struct job *job)
{
	job->rounds += 1;
#ifdef UNSAFE
	if (index == 7)
		*(volatile __u64 *)&job->count = index;
#endif
	return 0;
}

SEC("xdp")
int counts_rounds(struct xdp_md *ctx)
{
	__u32 key = 0;
	volatile struct job job = {bpf_map_lookup_elem(&counts, &key), 0};

	if (!job.count)
		return XDP_DROP;
	bpf_loop(16, step, (void *)&job, 0);
	*job.count = job.rounds;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
