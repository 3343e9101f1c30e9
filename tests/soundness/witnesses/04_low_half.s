; type: xdp
; code: V011
; kernel: safe
; why: the unsafe one is refused for another reason
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = *(u32 *)(r1 + 16)
    r4 &= 0xfffff
    r5 = r4
    if r4 > 0xffff goto out
    r5 = le16 r5
    r5 += r2
    r5 += 8
    if r5 > r3 goto out
    r2 += r4
    r0 = *(u8 *)(r2 + 0)
out:
    r0 = 2
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = *(u32 *)(r1 + 16)
    r4 &= 0xfffff
    r5 = r4
    r5 = le16 r5
    r5 += r2
    r5 += 8
    if r5 > r3 goto out
    r2 += r4
    r0 = *(u8 *)(r2 + 0)
out:
    r0 = 2
    exit
