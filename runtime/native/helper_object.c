/* Storage that belongs to sockets, tasks, inodes and cgroups; arguments of traced functions; marks on packets.
 *
 * An object is the number that a program got for it (an address that the caller supplied): its storage is found by that.
 */
#include "helper.h"

enum { STORAGE_CREATE = 1 };

static uint64_t storage_get(struct bpfcc_run *run, const uint64_t *r, uint32_t type)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r[0]);
    uint64_t object = r[1];
    if (!bound || bound->type != type) {
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, r[0], 0);
        return 0;
    }
    if (!object || r[3] & ~(uint64_t)STORAGE_CREATE)
        return 0;
    void *value = bpfcc_map_lookup(bound->map, &object, run->cpu);
    if (!value && r[3] & STORAGE_CREATE) {
        const void *from = r[2] ? bpfcc_access(run, r[2], bound->value_size, 0) : NULL;
        void *zeros = r[2] ? NULL : bpfcc_zeros(bound->value_size);
        if (from || zeros) /* BPF_NOEXIST: another run may have been first */
            bpfcc_map_update(bound->map, &object, from ? from : zeros, 1, run->cpu);
        bpfcc_zeros_free(zeros);
        value = bpfcc_map_lookup(bound->map, &object, run->cpu);
    }
    return bpfcc_value_address(run, bound, value);
}

static uint64_t storage_delete(struct bpfcc_run *run, uint64_t handle, uint64_t object, uint32_t type)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, handle);
    if (!bound || bound->type != type) {
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, handle, 0);
        return BPFCC_ERR(BPFCC_EINVAL);
    }
    return object ? (uint64_t)(int64_t)bpfcc_map_delete(bound->map, &object) : BPFCC_ERR(BPFCC_EINVAL);
}

#define STORAGE(name, type)                                                                                              \
    HELPER(name##_storage_get)                                                                                           \
    {                                                                                                                    \
        uint64_t r[4] = {r1, r2, r3, r4};                                                                                \
        return storage_get(run, r, type);                                                                                \
    }                                                                                                                    \
    HELPER(name##_storage_delete) { return storage_delete(run, r1, r2, type); }

STORAGE(sk, BPFCC_MAP_SK_STORAGE)
STORAGE(inode, BPFCC_MAP_INODE_STORAGE)
STORAGE(task, BPFCC_MAP_TASK_STORAGE)
STORAGE(cgrp, BPFCC_MAP_CGRP_STORAGE)

/* The storage of the cgroup that the program is attached to: one value, by the task's cgroup. */
HELPER(get_local_storage)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r1);
    if (!bound || (bound->type != BPFCC_MAP_CGROUP_STORAGE && bound->type != BPFCC_MAP_PERCPU_CGROUP_STORAGE)) {
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, r1, 0);
        return 0;
    }
    uint64_t key[2] = {run->state->task.cgroup_id, 0};
    void *value = bpfcc_map_lookup(bound->map, key, run->cpu);
    if (!value) {
        void *zeros = bpfcc_zeros(bound->value_size);
        if (zeros)
            bpfcc_map_update(bound->map, key, zeros, 1, run->cpu);
        bpfcc_zeros_free(zeros);
        value = bpfcc_map_lookup(bound->map, key, run->cpu);
    }
    if (!value)
        bpfcc_trap_at(run, BPFCC_TRAP_HELPER, r1, 0); /* never NULL to a program: there is no room for one more cgroup */
    return bpfcc_value_address(run, bound, value);
}

/* ---- traced functions: the context is their arguments, and behind them the result -------------------------------- */

static uint64_t context_word(struct bpfcc_run *run, uint32_t index)
{
    uint64_t word = 0;
    if (index < run->context_size / 8)
        memcpy(&word, run->context + (size_t)index * 8, 8);
    return word;
}

static uint64_t give(struct bpfcc_run *run, uint64_t to, uint64_t value)
{
    uint8_t *out = bpfcc_access(run, to, 8, 1);
    if (out)
        bpfcc_put64(out, value);
    return out ? 0 : BPFCC_ERR(BPFCC_EFAULT);
}

HELPER(get_func_arg)
{
    if ((uint32_t)r2 >= run->outcome->function_arguments)
        return BPFCC_ERR(BPFCC_EINVAL);
    return give(run, r3, context_word(run, (uint32_t)r2));
}

HELPER(get_func_ret) { return give(run, r2, context_word(run, run->outcome->function_arguments)); }
HELPER(get_func_arg_cnt) { return run->outcome->function_arguments; }

/* ---- marks on packets ----------------------------------------------------------------------------------------------- */

static uint8_t *network_header(struct bpfcc_run *run, uint32_t bytes)
{
    uint64_t length = run->packet_end - run->packet_data, at = run->outcome->network_offset;
    return at <= length && bytes <= length - at ? run->packet + run->packet_data + at : NULL;
}

static uint64_t mark_ipv4(uint8_t *ip)
{
    enum { ECN = 3, CHECKSUM = 10 };
    if (!(ip[1] & ECN))
        return 0; /* the sender does not know congestion marks */
    if ((ip[1] & ECN) == ECN)
        return 1;
    uint32_t old = ip[1], sum = (uint32_t)ip[CHECKSUM] << 8 | ip[CHECKSUM + 1];
    ip[1] |= ECN;
    sum = (~sum & 0xffff) + (~old & 0xffff) + ip[1];
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
    ip[CHECKSUM] = (uint8_t)(sum >> 8);
    ip[CHECKSUM + 1] = (uint8_t)sum;
    return 1;
}

static uint64_t mark_ipv6(uint8_t *ip)
{
    enum { ECN = 0x30 };
    if (!(ip[1] & ECN))
        return 0;
    ip[1] |= ECN;
    return 1;
}

HELPER(skb_ecn_set_ce)
{
    enum { IPV4_BYTES = 20, IPV6_BYTES = 40 };
    uint8_t *ip = network_header(run, IPV4_BYTES);
    if (ip && ip[0] >> 4 == 4)
        return mark_ipv4(ip);
    ip = network_header(run, IPV6_BYTES);
    return ip && ip[0] >> 4 == 6 ? mark_ipv6(ip) : 0;
}

HELPER(skb_set_tstamp)
{
    enum { REALTIME = 0, TAI = 2, TSTAMP = 152, TSTAMP_TYPE = 180, SKB_BYTES = 192 };
    uint32_t type = (uint32_t)r3;
    uint8_t *ip = network_header(run, 1);
    if (!ip || (ip[0] >> 4 != 4 && ip[0] >> 4 != 6))
        return BPFCC_ERR(BPFCC_EOPNOTSUPP);
    if (type > TAI || (type != REALTIME && !r2) || run->context_size < SKB_BYTES)
        return BPFCC_ERR(BPFCC_EINVAL);
    bpfcc_put64(run->context + TSTAMP, r2);
    run->context[TSTAMP_TYPE] = (uint8_t)type;
    return 0;
}
