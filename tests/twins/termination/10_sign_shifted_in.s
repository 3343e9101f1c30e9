; type: xdp
; code: V060
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 12)
    r0 = *(u32 *)(r1 + 16)
    r2 <<= 32
loop:
    if r2 == 0 goto out
    r0 ^= r2
    r2 >>= 4
    goto loop
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 12)
    r0 = *(u32 *)(r1 + 16)
    r2 <<= 32
loop:
    if r2 == 0 goto out
    r0 ^= r2
    r2 s>>= 4
    goto loop
out:
    exit
