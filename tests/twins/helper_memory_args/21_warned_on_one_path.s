; type: xdp
; code: V035
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 16)
    if r2 > 48 goto out
    r1 = r10
    r1 += -64
    r3 = 0
    r4 = 0
    r5 = 0
    call csum_diff
out:
    r0 = 2
    exit
; unsafe
    r2 = *(u32 *)(r1 + 16)
    if r2 > 48 goto out
out:
    r1 = r10
    r1 += -64
    r3 = 0
    r4 = 0
    r5 = 0
    call csum_diff
    r0 = 2
    exit
