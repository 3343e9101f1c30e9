// type: tracing
// code: V020
// kernel: both
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct bpf_iter_meta;
struct bpf_map;

struct bpf_iter__bpf_map_elem {
	__bpf_md_ptr(struct bpf_iter_meta *, meta);
	__bpf_md_ptr(struct bpf_map *, map);
	__bpf_md_ptr(unsigned int *, key);
	__bpf_md_ptr(unsigned long long *, value);
};

unsigned long long age;

SEC("iter/bpf_map_elem")
int measures(struct bpf_iter__bpf_map_elem *ctx)
{
	unsigned int *key = ctx->key;
	unsigned long long *value = ctx->value;

#ifdef UNSAFE
	if (!key)
#else
	if (!key || !value)
#endif
		return 0;
	if (*key & 1)
		asm volatile("%0 += 8" : "+r"(value));
	age = bpf_ktime_get_ns() - *value;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
