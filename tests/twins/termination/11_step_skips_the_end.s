; type: socket_filter
; code: V060
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r0 = *(u32 *)(r1 + 4)
    r2 &= 62
loop:
    if r2 == 0 goto out
    r2 -= 2
    r0 ^= r2
    goto loop
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r0 = *(u32 *)(r1 + 4)
    r2 &= 63
loop:
    if r2 == 0 goto out
    r2 -= 2
    r0 ^= r2
    goto loop
out:
    exit
