; type: xdp
; code: V012
; access: yes
; kernel: both
; safe
    r0 = *(u32 *)(r1 + 0)
    r0 = 2
    r2 = *(u32 *)(r1 + 12)
    if r2 == 0 goto out
    r0 = 1
out:
    exit
; unsafe
    r0 = *(u32 *)(r1 + 0)
    r0 = 2
    r2 = *(u32 *)(r1 - 4)
    if r2 == 0 goto out
    r0 = 1
out:
    exit
