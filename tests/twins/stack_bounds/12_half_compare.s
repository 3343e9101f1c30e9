; type: xdp
; code: V010
; access: yes
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 1
    r4 = r2
    r4 += 8
    if r4 > r3 goto out
    r5 = *(u64 *)(r2 + 0)
    if r5 > 7 goto out
    *(u64 *)(r10 - 8) = 0
    r1 = r10
    r1 += -8
    r1 += r5
    *(u8 *)(r1 + 0) = 1
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 1
    r4 = r2
    r4 += 8
    if r4 > r3 goto out
    r5 = *(u64 *)(r2 + 0)
    if w5 > 7 goto out
    *(u64 *)(r10 - 8) = 0
    r1 = r10
    r1 += -8
    r1 += r5
    *(u8 *)(r1 + 0) = 1
out:
    exit
