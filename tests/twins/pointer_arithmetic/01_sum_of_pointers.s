; type: xdp
; code: V023
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 2
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r0 = r3
    r0 -= r2
    r0 &= 1
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 2
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r0 = r3
    r0 += r2
    r0 &= 1
out:
    exit
