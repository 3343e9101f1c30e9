// type: flow_dissector
// code: V012
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("flow_dissector")
int dissects(struct __sk_buff *ctx)
{
#ifdef UNSAFE
	return ctx->protocol == 8 ? BPF_OK : BPF_DROP;
#else
	return ctx->flow_keys->n_proto == 8 ? BPF_OK : BPF_DROP;
#endif
}

char LICENSE[] SEC("license") = "GPL";
