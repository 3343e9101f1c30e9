/* The layouts that Python and generated code rely on, as this compiler sees them. */
#include "bpfcc.h"

#define WHOLE(name) {#name, 0, 0, (uint32_t)sizeof(struct bpfcc_##name)}
#define FIELD(name, field) {#name, #field, (uint32_t)offsetof(struct bpfcc_##name, field), (uint32_t)sizeof(((struct bpfcc_##name *)0)->field)}

static const struct bpfcc_abi_row rows[] = {
    WHOLE(region), FIELD(region, host), FIELD(region, base), FIELD(region, lo), FIELD(region, hi), FIELD(region, stride), FIELD(region, element),
    FIELD(region, flags), FIELD(region, reserved), FIELD(region, readable), FIELD(region, writable),
    WHOLE(map_def), FIELD(map_def, type), FIELD(map_def, key_size), FIELD(map_def, value_size), FIELD(map_def, max_entries), FIELD(map_def, flags),
    FIELD(map_def, cpus), FIELD(map_def, extra),
    WHOLE(map_area), FIELD(map_area, host), FIELD(map_area, size), FIELD(map_area, stride), FIELD(map_area, element), FIELD(map_area, cpu_bytes),
    WHOLE(map_head), FIELD(map_head, lookup), FIELD(map_head, values), FIELD(map_head, cpu_bytes), FIELD(map_head, stride), FIELD(map_head, entries),
    WHOLE(context_layout), FIELD(context_layout, data), FIELD(context_layout, data_end), FIELD(context_layout, data_meta), FIELD(context_layout, length),
    FIELD(context_layout, pointer_bytes), FIELD(context_layout, reserved),
    WHOLE(run), FIELD(run, slots), FIELD(run, checked), FIELD(run, cpu), FIELD(run, trap), FIELD(run, trap_size), FIELD(run, trap_address),
    FIELD(run, steps_left), FIELD(run, tail_calls), FIELD(run, tail_target), FIELD(run, stop), FIELD(run, invoke), FIELD(run, backend), FIELD(run, state),
    FIELD(run, frames), FIELD(run, depth), FIELD(run, reserved), FIELD(run, context), FIELD(run, context_size), FIELD(run, layout), FIELD(run, packet),
    FIELD(run, packet_capacity), FIELD(run, packet_meta), FIELD(run, packet_data), FIELD(run, packet_end),
    FIELD(run, reserved2), FIELD(run, outcome),
    {0, 0, 0, 0},
};

const struct bpfcc_abi_row *bpfcc_abi_table(void)
{
    return rows;
}
