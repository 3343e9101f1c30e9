; type: xdp
; code: V023
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 2
    r2 += 16
    r4 = r2
    r4 += 4
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 3)
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 2
    r2 |= 16
    r4 = r2
    r4 += 4
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 3)
out:
    exit
