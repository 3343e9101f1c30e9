; type: socket_filter
; code: V017
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    *(u64 *)(r10 - 16) = 0
    *(u64 *)(r10 - 8) = 0
    r3 = r10
    r3 += -16
    if r2 > 100 goto set
    r3 += 4
set:
    *(u32 *)(r3 + 0) = 1
    r0 = *(u64 *)(r10 - 16)
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    *(u64 *)(r10 - 16) = 0
    *(u64 *)(r10 - 8) = 0
    r3 = r10
    r3 += -16
    if r2 > 100 goto set
    r3 += 6
set:
    *(u32 *)(r3 + 0) = 1
    r0 = *(u64 *)(r10 - 16)
    exit
