; type: socket_filter
; code: V021
; level: warning
; kernel: accepts-unsafe
; why: Linux defines a division by zero
; safe
    r0 = *(u32 *)(r1 + 0)
    r2 = *(u32 *)(r1 + 8)
    r2 |= 1
    r0 %= r2
    exit
; unsafe
    r0 = *(u32 *)(r1 + 0)
    r2 = *(u32 *)(r1 + 8)
    r2 |= 0
    r0 %= r2
    exit
