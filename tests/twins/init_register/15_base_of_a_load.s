; type: xdp
; code: V001
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r5 = r2
    goto read
out:
    r5 = r10
    *(u64 *)(r10 - 8) = 0
    r5 += -8
read:
    r0 = *(u8 *)(r5 + 0)
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r5 = r2
    goto read
out:
    *(u64 *)(r10 - 8) = 0
read:
    r0 = *(u8 *)(r5 + 0)
    exit
