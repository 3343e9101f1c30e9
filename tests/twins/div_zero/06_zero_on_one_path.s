; type: socket_filter
; code: V021
; level: warning
; kernel: accepts-unsafe
; why: Linux defines a division by zero
; safe
    r0 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 16)
    r2 = 4
    if r3 == 8 goto divide
    r2 = 1
divide:
    r0 /= r2
    exit
; unsafe
    r0 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 16)
    r2 = 4
    if r3 == 8 goto divide
    r2 = 0
divide:
    r0 /= r2
    exit
