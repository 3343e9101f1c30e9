; type: xdp
; code: V011
; access: yes
; kernel: rejects-safe
; why: Linux allows no arithmetic on the packet's end
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 2
    r4 = r2
    r4 += 14
    r3 -= 4
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 17)
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 2
    r4 = r2
    r4 += 14
    r3 += 4
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 13)
out:
    exit
