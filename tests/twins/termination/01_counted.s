; type: socket_filter
; code: V060
; kernel: both
; safe
    r0 = *(u32 *)(r1 + 0)
    r2 = 0
    r3 = 0
loop:
    r0 ^= r2
    r2 += 1
    if r2 < 100 goto loop
    exit
; unsafe
    r0 = *(u32 *)(r1 + 0)
    r2 = 0
    r3 = 0
loop:
    r0 ^= r2
    r3 += 1
    if r2 < 100 goto loop
    exit
