; type: socket_filter
; code: V060
; kernel: both
; safe
    r0 = *(u32 *)(r1 + 0)
    r2 = 0
loop:
    r2 += 1
    r2 &= 255
    r0 ^= r2
    if r2 != 200 goto loop
    exit
; unsafe
    r0 = *(u32 *)(r1 + 0)
    r2 = 0
loop:
    r2 += 1
    r2 &= 127
    r0 ^= r2
    if r2 != 200 goto loop
    exit
