/* Maps as records: the kernel samples' structure, and iproute2's in a section of another object (ELF_MAPS). */
#include "bpf_min.h"

#ifdef ELF_MAPS
struct bpf_elf_map {
	u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx;
};
struct bpf_elf_map SEC("maps") inner_a = { MAP_ARRAY, 4, 8, 2, 0, 42, 0, 0, 1 };
struct bpf_elf_map SEC("maps") inner_b = { MAP_ARRAY, 4, 8, 2, 0, 42, 0, 0, 3 };
struct bpf_elf_map SEC("maps") outer = { MAP_ARRAY_OF_MAPS, 4, 4, 4, 0, 7, 2, 42, 0 };
#elif defined(SAMPLE_MAPS)
struct bpf_map_def {
	u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node;
};
struct bpf_map_def SEC("maps") inner_a = { MAP_ARRAY, 4, 8, 2, 0, 0, 0 };
struct bpf_map_def SEC("maps") outer = { MAP_HASH_OF_MAPS, 4, 4, 4, 0, 0, 0 };
struct bpf_map_def SEC("maps") on_node = { MAP_HASH, 4, 4, 4, 4, 0, 1 };
#else
struct bpf_map_def {
	u32 type, key_size, value_size, max_entries, map_flags;
};
struct bpf_map_def SEC("maps") inner_a = { MAP_HASH, 4, 8, 2, 1 };
struct bpf_map_def SEC("maps") outer = { MAP_ARRAY, 4, 16, 4, 0 };
#endif

static __noinline int lookup(u32 key)
{
	return map_lookup(&outer, &key) != 0;
}

SEC("socket1") int reader(void *ctx)
{
	u32 key = 1;

	return map_lookup(&inner_a, &key) ? lookup(key) : 0;
}

char _license[] SEC("license") = "GPL";
