// type: perf_event
// code: V016
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct sample {
	unsigned long registers[21];
	unsigned long long period;
	unsigned long long addr;
};

SEC("perf_event")
int sampled(struct sample *ctx)
{
#ifdef UNSAFE
	ctx->period = 1000;
	return 0;
#else
	return ctx->period == 1000;
#endif
}
