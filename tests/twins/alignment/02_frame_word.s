; type: socket_filter
; code: V017
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    *(u64 *)(r10 - 8) = 0
    *(u32 *)(r10 - 8) = r2
    r0 = *(u64 *)(r10 - 8)
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    *(u64 *)(r10 - 8) = 0
    *(u32 *)(r10 - 7) = r2
    r0 = *(u64 *)(r10 - 8)
    exit
