; type: xdp
; code: V026
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 2
    r4 = r2
    r4 += 8
    if r4 > r3 goto out
    r5 = 1
    *(u64 *)(r2 + 0) = r5
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 2
    r4 = r2
    r4 += 8
    if r4 > r3 goto out
    r5 = 1
    lock *(u64 *)(r2 + 0) += r5
out:
    exit
