; type: socket_filter
; code: V017
; kernel: both
; safe
    *(u64 *)(r10 - 16) = 0
    *(u64 *)(r10 - 8) = 1
    r0 = *(u64 *)(r10 - 16)
    exit
; unsafe
    *(u64 *)(r10 - 16) = 0
    *(u64 *)(r10 - 8) = 1
    r0 = *(u64 *)(r10 - 12)
    exit
