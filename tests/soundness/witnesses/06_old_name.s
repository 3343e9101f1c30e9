; type: xdp
; code: V011
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r5 = 0
loop:
    r0 = *(u8 *)(r2 + 0)
    r2 += 1
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r5 += 1
    if r5 < 10 goto loop
out:
    r0 = 2
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r5 = 0
loop:
    r0 = *(u8 *)(r2 + 0)
    r2 += 1
    r5 += 1
    if r5 < 10 goto loop
out:
    r0 = 2
    exit
