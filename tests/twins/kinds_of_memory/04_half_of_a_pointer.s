; type: socket_filter
; code: V022
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    *(u64 *)(r10 - 8) = r2
    r2 = r10
    r2 = r2
    r0 = *(u8 *)(r2 - 8)
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    *(u64 *)(r10 - 8) = r2
    r2 = r10
    w2 = w2
    r0 = *(u8 *)(r2 - 8)
    exit
