/* XDP: moving the ends of the packet, bytes by offset. */
#include "helper.h"

enum {
    LINK_BYTES = 14,
    FRAME_BYTES = 40, /* what the kernel keeps at the start of the headroom */
    MAX_META = 255,
};
#define EACCES_ERROR BPFCC_ERR(13)

static uint32_t length_of(const struct bpfcc_run *run) { return run->packet_end - run->packet_data; }

HELPER(xdp_adjust_head)
{
    if (!bpfcc_is_context(run, r1))
        return 0;
    int64_t delta = (int32_t)r2, meta = run->packet_data - run->packet_meta, data = run->packet_data + delta;
    bpfcc_packet_moved(run);
    if (data < FRAME_BYTES + meta || data > (int64_t)run->packet_end - LINK_BYTES)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (meta)
        memmove(run->packet + run->packet_meta + delta, run->packet + run->packet_meta, (size_t)meta);
    run->packet_data = (uint32_t)data;
    run->packet_meta = (uint32_t)(data - meta);
    bpfcc_packet_moved(run);
    return 0;
}

HELPER(xdp_adjust_meta)
{
    if (!bpfcc_is_context(run, r1))
        return 0;
    int64_t meta = (int64_t)run->packet_meta + (int32_t)r2, length = run->packet_data - meta;
    bpfcc_packet_moved(run);
    if (meta < FRAME_BYTES || length < 0)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (length & 3 || length > MAX_META)
        return EACCES_ERROR;
    run->packet_meta = (uint32_t)meta;
    bpfcc_packet_moved(run);
    return 0;
}

HELPER(xdp_adjust_tail)
{
    if (!bpfcc_is_context(run, r1))
        return 0;
    int64_t end = (int64_t)run->packet_end + (int32_t)r2;
    bpfcc_packet_moved(run);
    if (end > (int64_t)run->packet_capacity || end < (int64_t)run->packet_data + LINK_BYTES)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (end > run->packet_end)
        memset(run->packet + run->packet_end, 0, (size_t)(end - run->packet_end));
    run->packet_end = (uint32_t)end;
    bpfcc_packet_moved(run);
    return 0;
}

HELPER(xdp_get_buff_len) { return length_of(run); }

static uint64_t check_range(const struct bpfcc_run *run, uint32_t offset, uint32_t length)
{
    if (offset > 0xffff || length > 0xffff)
        return BPFCC_ERR(BPFCC_EFAULT);
    return offset + length > length_of(run) ? BPFCC_ERR(BPFCC_EINVAL) : 0;
}

HELPER(xdp_load_bytes)
{
    uint64_t error = check_range(run, (uint32_t)r2, (uint32_t)r4);
    uint8_t *to = bpfcc_access(run, r3, (uint32_t)r4, 1);
    if (error || !to)
        return error;
    memmove(to, run->packet + run->packet_data + (uint32_t)r2, (uint32_t)r4);
    return 0;
}

HELPER(xdp_store_bytes)
{
    uint64_t error = check_range(run, (uint32_t)r2, (uint32_t)r4);
    const uint8_t *from = bpfcc_access(run, r3, (uint32_t)r4, 0);
    if (error || !from)
        return error;
    memmove(run->packet + run->packet_data + (uint32_t)r2, from, (uint32_t)r4);
    run->outcome->bytes_changed++; /* pointers stay: Linux does not take them away here */
    return 0;
}
