// type: lwt_out
// code: V031
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("lwt_out")
int leaves(struct __sk_buff *ctx)
{
	__u8 header[20] = {0x45};

#ifdef UNSAFE
	return bpf_lwt_push_encap(ctx, BPF_LWT_ENCAP_IP, header, sizeof(header)) < 0 ? BPF_DROP : BPF_OK;
#else
	return bpf_skb_load_bytes(ctx, 0, header, sizeof(header)) < 0 ? BPF_DROP : BPF_OK;
#endif
}

char LICENSE[] SEC("license") = "GPL";
