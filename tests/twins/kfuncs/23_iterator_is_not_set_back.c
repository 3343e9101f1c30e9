// type: xdp
// code: V015
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct bpf_iter_num;

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;

SEC("xdp")
int counts(struct xdp_md *ctx)
{
	__u64 it;
	int *value, sum = 0;

	bpf_iter_num_new((void *)&it, 0, 10);
	while ((value = bpf_iter_num_next((void *)&it)))
#ifdef UNSAFE
		*value = sum;
#else
		sum += *value;
#endif
	bpf_iter_num_destroy((void *)&it);
	return sum ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
