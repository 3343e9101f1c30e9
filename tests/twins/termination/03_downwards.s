; type: socket_filter
; code: V060
; kernel: both
; safe
    r0 = *(u32 *)(r1 + 0)
    r2 = 64
loop:
    r2 -= 1
    r0 ^= r2
    if r2 > 0 goto loop
    exit
; unsafe
    r0 = *(u32 *)(r1 + 0)
    r2 = 64
loop:
    r2 -= 1
    r0 ^= r2
    if r2 >= 0 goto loop
    exit
