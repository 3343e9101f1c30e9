; type: socket_filter
; code: V060
; kernel: both
; safe
    r0 = *(u32 *)(r1 + 0)
    r2 = 0
loop:
    r0 ^= r2
    r2 += 3
    if r2 != 99 goto loop
    exit
; unsafe
    r0 = *(u32 *)(r1 + 0)
    r2 = 0
loop:
    r0 ^= r2
    r2 += 4
    if r2 != 99 goto loop
    exit
