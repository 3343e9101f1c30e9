/* Sizes and offsets of the structures of state.h that Python mirrors. */
#include "state.h"

#define WHOLE(name) {#name, NULL, 0, (uint32_t)sizeof(struct bpfcc_##name)}
#define FIELD(name, field) {#name, #field, (uint32_t)offsetof(struct bpfcc_##name, field), (uint32_t)sizeof(((struct bpfcc_##name *)0)->field)}

static const struct bpfcc_abi_row rows[] = {
    WHOLE(log_record), FIELD(log_record, kind), FIELD(log_record, cpu), FIELD(log_record, time_ns), FIELD(log_record, length), FIELD(log_record, padded),
    WHOLE(task), FIELD(task, pid_tgid), FIELD(task, uid_gid), FIELD(task, cgroup_id), FIELD(task, task), FIELD(task, ancestors), FIELD(task, ancestor_count),
    FIELD(task, numa_node), FIELD(task, netns_cookie), FIELD(task, socket_cookie), FIELD(task, socket_uid), FIELD(task, set), FIELD(task, comm),
    WHOLE(readable), FIELD(readable, address), FIELD(readable, size), FIELD(readable, host),
    WHOLE(route), FIELD(route, prefix), FIELD(route, gateway), FIELD(route, source), FIELD(route, smac), FIELD(route, dmac), FIELD(route, family),
    FIELD(route, prefix_bits), FIELD(route, gateway_family), FIELD(route, ifindex), FIELD(route, mtu), FIELD(route, table), FIELD(route, metric),
    FIELD(route, kind), FIELD(route, neighbour), FIELD(route, has_source),
    WHOLE(device), FIELD(device, ifindex), FIELD(device, mtu), FIELD(device, forwarding), FIELD(device, vlan_proto), FIELD(device, vlan_id), FIELD(device, parent),
    WHOLE(redirect), FIELD(redirect, kind), FIELD(redirect, ifindex), FIELD(redirect, map_id), FIELD(redirect, family), FIELD(redirect, key),
    FIELD(redirect, flags), FIELD(redirect, target), FIELD(redirect, reserved), FIELD(redirect, next_hop),
    FIELD(outcome, platform), FIELD(outcome, program_type), FIELD(outcome, redirect), FIELD(outcome, override_value), FIELD(outcome, attach_cookie),
    FIELD(outcome, function_ip), FIELD(outcome, bytes_changed), FIELD(outcome, overridden), FIELD(outcome, retval), FIELD(outcome, references),
    FIELD(outcome, locks), FIELD(outcome, hash), FIELD(outcome, hash_valid), FIELD(outcome, link_bytes), FIELD(outcome, network_offset), FIELD(outcome, ifindex), FIELD(outcome, function_arguments),
    WHOLE(batch_note), FIELD(batch_note, index), FIELD(batch_note, trap), FIELD(batch_note, trap_size), FIELD(batch_note, trap_address), FIELD(batch_note, redirect),
    WHOLE(batch_lists), FIELD(batch_lists, packets), FIELD(batch_lists, lengths), FIELD(batch_lists, ifindexes), FIELD(batch_lists, times_ns), FIELD(batch_lists, results), FIELD(batch_lists, steps), FIELD(batch_lists, ns), FIELD(batch_lists, out_lengths), FIELD(batch_lists, notes), FIELD(batch_lists, note_count), FIELD(batch_lists, changed), FIELD(batch_lists, first), FIELD(batch_lists, ifindex), FIELD(batch_lists, reserved),
    WHOLE(batch), FIELD(batch, items), FIELD(batch, lists), FIELD(batch, count), FIELD(batch, context), FIELD(batch, context_size), FIELD(batch, ifindex_offset), FIELD(batch, steps), FIELD(batch, out), FIELD(batch, out_capacity), FIELD(batch, out_used), FIELD(batch, total_ns), FIELD(batch, done), FIELD(batch, time_each), FIELD(batch, stop_on_trap), FIELD(batch, fields), FIELD(batch, out_full), FIELD(batch, reserved),
    WHOLE(call), FIELD(call, run), FIELD(call, entry), FIELD(call, context), FIELD(call, context_after), FIELD(call, readable), FIELD(call, writable), FIELD(call, context_size), FIELD(call, error), FIELD(call, budget), FIELD(call, fields), FIELD(call, result), FIELD(call, steps), FIELD(call, ns), FIELD(call, trap), FIELD(call, redirect), FIELD(call, same), FIELD(call, reserved),
    WHOLE(packet_fields), FIELD(packet_fields, protocol), FIELD(packet_fields, pkt_type), FIELD(packet_fields, wire_len), FIELD(packet_fields, link),
    {NULL, NULL, 0, 0},
};

const struct bpfcc_abi_row *bpfcc_state_abi_table(void)
{
    return rows;
}
