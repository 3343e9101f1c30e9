; type: xdp
; code: V023
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = *(u32 *)(r1 + 12)
    r0 = 2
    r5 = 14
    if r4 == 1 goto add
    r5 = 18
add:
    r2 += r5
    r5 = r2
    r5 += 1
    if r5 > r3 goto out
    r0 = *(u8 *)(r2 + 0)
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = *(u32 *)(r1 + 12)
    r0 = 2
    r5 = 14
    if r4 == 1 goto add
    r5 = r10
add:
    r2 += r5
    r5 = r2
    r5 += 1
    if r5 > r3 goto out
    r0 = *(u8 *)(r2 + 0)
out:
    exit
