/* What programs for eBPF for Windows see of it: types, contexts and helpers, by their numbers. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int i32;
typedef long long i64;

#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))
#define __uint(name, value) int (*name)[value]
#define __type(name, value) __typeof__(value) *name
#define __array(name, value) __typeof__(value) *name[]

enum {
    HASH = 1, ARRAY = 2, PROG_ARRAY = 3, PERCPU_HASH = 4, PERCPU_ARRAY = 5, HASH_OF_MAPS = 6, ARRAY_OF_MAPS = 7, LRU_HASH = 8, LPM_TRIE = 9,
    QUEUE = 10, LRU_PERCPU_HASH = 11, STACK = 12, RINGBUF = 13, PERF_EVENT_ARRAY = 14,
};
enum { XDP_PASS = 1, XDP_DROP = 2, XDP_TX = 3 };

struct xdp_md_t {
    void *data, *data_end;
    u64 data_meta;
    u32 ingress_ifindex;
};
struct bind_md_t {
    u8 *app_id_start, *app_id_end;
    u64 process_id;
    u8 socket_address[16];
    u8 socket_address_length;
    u32 operation;
    u8 protocol;
};
struct bpf_sock_addr_t {
    u32 family, msg_src_ip4, msg_src_rest[3];
    u16 msg_src_port;
    u32 user_ip4, user_rest[3];
    u16 user_port;
    u32 protocol, compartment_id;
    u64 interface_luid;
};
struct bpf_sock_ops_t {
    u32 op, family, local_ip4, local_rest[3], local_port, remote_ip4, remote_rest[3], remote_port;
    u8 protocol;
    u32 compartment_id;
    u64 interface_luid;
};

#define HELPER(type, name, number, ...) static type (*name)(__VA_ARGS__) = (void *)number
HELPER(void *, map_lookup, 1, void *map, const void *key);
HELPER(i64, map_update, 2, void *map, const void *key, const void *value, u64 flags);
HELPER(i64, map_delete, 3, void *map, const void *key);
HELPER(i64, tail_call, 5, void *context, void *map, u32 index);
HELPER(u32, prandom, 6, void);
HELPER(u64, cpu, 8, void);
HELPER(u64, now, 9, void);
HELPER(i32, csum_diff, 10, void *from, i32 from_size, void *to, i32 to_size, i32 seed);
HELPER(i32, ringbuf_output, 11, void *map, void *data, u64 size, u64 flags);
HELPER(i64, printk3, 13, const char *format, u32 size, u64 number);
HELPER(i64, map_push, 16, void *map, const void *value, u64 flags);
HELPER(i64, map_pop, 17, void *map, void *value);
HELPER(i64, map_peek, 18, void *map, void *value);
HELPER(u64, pid_tgid, 19, void);
HELPER(i64, memory_copy, 22, void *to, u64 room, const void *from, u64 size);
HELPER(i32, memory_compare, 23, const void *a, u64 a_size, const void *b, u64 b_size);
HELPER(i64, memory_set, 24, void *to, u64 size, i32 value);
HELPER(u64, string_length, 29, const char *text, u64 size);
