; type: socket_filter
; code: V060
; kernel: both
; safe
    r0 = *(u32 *)(r1 + 0)
    r2 = 0
outer:
    r3 = 0
inner:
    r0 ^= r3
    r3 += 1
    if r3 < 8 goto inner
    r2 += 1
    if r2 < 8 goto outer
    exit
; unsafe
    r0 = *(u32 *)(r1 + 0)
    r2 = 0
outer:
    r3 = 0
    r2 = 0
inner:
    r0 ^= r3
    r3 += 1
    if r3 < 8 goto inner
    r2 += 1
    if r2 < 8 goto outer
    exit
