/* Contexts that are written, several programs in an object, longest prefixes. */
#include "windows.h"

struct prefix { u32 bits; u32 address; };
struct { __uint(type, LPM_TRIE); __type(key, struct prefix); __type(value, u32); __uint(max_entries, 256); __uint(map_flags, 1); } routes SEC(".maps");
struct { __uint(type, HASH); __type(key, u32); __type(value, u64); __uint(max_entries, 512); __uint(pinning, 1); } verdicts SEC(".maps");

INLINE int decide(struct bpf_sock_addr_t *context, u32 address, u32 salt)
{
    struct prefix key = {32, address};
    u32 *known = map_lookup(&routes, &key), verdict = (address ^ salt) % 3;
    u64 *count;
    if (!known) {
        key.bits = 8 + (address & 15);
        map_update(&routes, &key, &verdict, 0);
    } else {
        verdict = *known;
    }
    count = map_lookup(&verdicts, &verdict);
    if (count)
        (*count)++;
    else
        map_update(&verdicts, &verdict, &(u64){1}, 1);
    return (int)verdict;
}

SEC("cgroup/connect4") int connect4(struct bpf_sock_addr_t *context)
{
    int verdict = decide(context, context->user_ip4, context->protocol);
    if (verdict == 1 && context->user_port == 0x5000) {
        context->user_ip4 = 0x0100007f;
        context->user_port = 0x901f;
    }
    return verdict;
}

SEC("cgroup/recv_accept4") int accept4(struct bpf_sock_addr_t *context)
{
    return decide(context, context->msg_src_ip4, context->compartment_id) == 0 ? 0 : 2;
}

SEC("sockops") int established(struct bpf_sock_ops_t *context)
{
    u32 key = context->op + 100;
    u64 *count = map_lookup(&verdicts, &key), value = (u64)context->remote_ip4 << 32 | context->local_port;
    if (count)
        *count = *count * 31 + value;
    else
        map_update(&verdicts, &key, &value, 0);
    return context->op > 2;
}
