; type: xdp
; code: V011
; access: yes
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 0
    r4 = 0
    r5 = r2
    r5 += 18
    if r5 > r3 goto short
    r4 = 1
short:
    r6 = *(u32 *)(r1 + 12)
    r6 &= 7
    if r4 == 0 goto out
    r0 = *(u16 *)(r2 + 16)
    r0 += r6
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 0
    r4 = 0
    r5 = r2
    r5 += 18
    if r5 > r3 goto short
    r4 = 1
short:
    r6 = *(u32 *)(r1 + 12)
    r6 &= 7
    if r4 != 0 goto out
    r0 = *(u16 *)(r2 + 16)
    r0 += r6
out:
    exit
