; type: socket_filter
; code: V023
; kernel: both
; safe
    *(u64 *)(r10 - 8) = 0
    r3 = r10
    r3 += -8
    r0 = *(u64 *)(r3 + 0)
    exit
; unsafe
    *(u64 *)(r10 - 8) = 0
    r3 = r10
    r3 += -8
    r3 >>= 3
    r3 <<= 3
    r0 = *(u64 *)(r3 + 0)
    exit
