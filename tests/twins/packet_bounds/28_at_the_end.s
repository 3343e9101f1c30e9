; type: xdp
; code: V011
; access: yes
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 2
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 0)
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 2
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r0 = *(u8 *)(r3 + 0)
out:
    exit
