; type: xdp
; code: V011
; kernel: both
; safe
    r6 = r1
    r7 = *(u32 *)(r1 + 4)
    r2 = -8
    call xdp_adjust_tail
    r2 = *(u32 *)(r6 + 0)
    r7 = *(u32 *)(r6 + 4)
    r3 = r2
    r3 += 20
    r0 = 2
    if r3 > r7 goto out
    r0 = *(u8 *)(r2 + 19)
out:
    exit
; unsafe
    r6 = r1
    r7 = *(u32 *)(r1 + 4)
    r2 = -8
    call xdp_adjust_tail
    r2 = *(u32 *)(r6 + 0)
    r3 = r2
    r3 += 20
    r0 = 2
    if r3 > r7 goto out
    r0 = *(u8 *)(r2 + 19)
out:
    exit
