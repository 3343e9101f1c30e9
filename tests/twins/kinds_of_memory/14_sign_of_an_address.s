; type: xdp
; code: V022
; kernel: both
; safe
    r7 = *(u32 *)(r1 + 0)
    r8 = *(u32 *)(r1 + 4)
    r2 = r7
    r2 += 8
    if r2 > r8 goto out
    r0 = *(u8 *)(r7 + 0)
out:
    r0 = 2
    exit
; unsafe
    r7 = *(s32 *)(r1 + 0)
    r8 = *(u32 *)(r1 + 4)
    r2 = r7
    r2 += 8
    if r2 > r8 goto out
    r0 = *(u8 *)(r7 + 0)
out:
    r0 = 2
    exit
