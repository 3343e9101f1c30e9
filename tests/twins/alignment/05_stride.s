; type: socket_filter
; code: V017
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r2 &= 3
    r2 *= 4
    r3 = r10
    r3 += -16
    r3 += r2
    *(u32 *)(r3 + 0) = 7
    r0 = 0
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r2 &= 3
    r2 *= 3
    r3 = r10
    r3 += -16
    r3 += r2
    *(u32 *)(r3 + 0) = 7
    r0 = 0
    exit
