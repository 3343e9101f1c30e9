; type: socket_filter
; code: V017
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r2 &= 3
    r2 *= 4
    *(u64 *)(r10 - 16) = 0
    *(u64 *)(r10 - 8) = 0
    r3 = r10
    r3 += -16
    r3 += r2
    *(u32 *)(r3 + 0) = 7
    r0 = *(u64 *)(r10 - 16)
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r2 &= 3
    r2 *= 3
    *(u64 *)(r10 - 16) = 0
    *(u64 *)(r10 - 8) = 0
    r3 = r10
    r3 += -16
    r3 += r2
    *(u32 *)(r3 + 0) = 7
    r0 = *(u64 *)(r10 - 16)
    exit
