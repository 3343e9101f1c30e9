; type: socket_filter
; code: V001
; kernel: both
; safe
    r0 = *(u32 *)(r1 + 0)
    r2 = 5
    r0 += r2
    exit
; unsafe
    r0 = *(u32 *)(r1 + 0)
    r0 += r2
    exit
