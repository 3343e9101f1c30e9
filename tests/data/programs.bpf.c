/* Several programs in several sections, functions of three kinds, global data, maps of every definition. */
#include "bpf_min.h"

struct flow {
	u32 saddr;
	u16 port;
	u8 mac[6];
};

struct counters {
	u64 packets;
	u64 bytes;
};

struct {
	__uint(type, MAP_HASH);
	__type(key, struct flow);
	__type(value, struct counters);
	__uint(max_entries, 1024);
	__uint(map_flags, 1);
#ifndef FOR_LIBBPF
	__uint(pinning, 1);
#endif
} flows SEC(".maps");

struct inner_map {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u64);
} first SEC(".maps"), second SEC(".maps");

struct {
	__uint(type, MAP_ARRAY_OF_MAPS);
	__uint(max_entries, 8);
	__type(key, u32);
	__array(values, struct inner_map);
} outer SEC(".maps") = { .values = { &first, [5] = &second } };

struct {
	__uint(type, MAP_RINGBUF);
	__uint(max_entries, 1 << 20);
#ifndef FOR_LIBBPF
	__ulong(map_extra, 0x123456789abcULL);
#endif
} events SEC(".maps");

int filter(struct xdp_md *ctx);
int other(struct xdp_md *ctx);

struct {
	__uint(type, MAP_PROG_ARRAY);
	__uint(max_entries, 3);
	__uint(key_size, 4);
	__array(values, int (void *));
} jumps SEC(".maps") = { .values = { [1] = (void *)&other, [2] = (void *)&filter } };

u64 total = 42;
static u32 hidden_counter;
u32 zeros[3];
const volatile u32 limit = 7;
const char banner[] = "hello";
u32 special SEC(".data.special") = 0x11223344;

extern int LINUX_KERNEL_VERSION __kconfig;
extern _Bool CONFIG_BPF __kconfig __weak;
extern int CONFIG_HZ __kconfig;
#ifndef FOR_LIBBPF
extern void *init_ish __ksym __weak;
extern int kernel_does(u32 value) __ksym;
#endif

static __noinline u32 checksum(u32 *word)
{
	hidden_counter++;
	return *word * 31 + limit;
}

__noinline int shared(u32 word)
{
	return checksum(&word) + (int)total;
}

static long each(void *map, const void *key, void *value, void *ctx)
{
	*(u64 *)ctx += 1;
	return 0;
}

SEC("xdp") int filter(struct xdp_md *ctx)
{
	u32 key = ctx->ingress_ifindex;
	struct flow flow = { .saddr = key };
	struct counters *found = map_lookup(&flows, &flow);

	if (found)
		found->packets++;
	tail_call(ctx, &jumps, 1);
	return shared(key) + checksum(&key);
}

SEC("xdp") int other(struct xdp_md *ctx)
{
	u64 count = 0;

	for_each(&flows, each, &count, 0);
	return (int)count + special + zeros[1];
}

SEC("?tc") int optional(struct xdp_md *ctx)
{
	u32 key = 0;

	return map_lookup(&outer, &key) ? shared(3) : banner[ctx->data & 3];
}

SEC("fentry.s/tcp_connect") int traced(u64 *ctx)
{
	return LINUX_KERNEL_VERSION > 0x50000 && CONFIG_BPF ? CONFIG_HZ : 0;
}

#ifndef FOR_LIBBPF
SEC("syscall") int kernel_symbols(void *ctx)
{
	return kernel_does(3) + (&init_ish != 0);
}
#endif

#ifndef FOR_LIBBPF
struct congestion_ops {
	u32 flags;
	void (*init)(void *sk);
	u32 (*threshold)(void *sk);
	char name[16];
};

SEC("struct_ops/init") void ops_init(u64 *ctx) {}
SEC("struct_ops.s") u32 ops_threshold(u64 *ctx) { return 2; }
SEC(".struct_ops.link") struct congestion_ops congestion = {
	.flags = 9, .init = (void *)ops_init, .threshold = (void *)ops_threshold, .name = "mine"
};
#endif

SEC("mystery") int unknown_type(void *ctx)
{
	return map_lookup(&events, &special) != 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
u32 _version SEC("version") = 0x60102;
