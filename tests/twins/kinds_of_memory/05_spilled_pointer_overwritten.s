; type: xdp
; code: V022
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r5 = *(u32 *)(r1 + 12)
    r0 = 2
    r4 = r2
    r4 += 4
    if r4 > r3 goto out
    *(u64 *)(r10 - 8) = r2
    *(u8 *)(r10 - 16) = r5
    r2 = *(u64 *)(r10 - 8)
    r0 = *(u8 *)(r2 + 0)
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r5 = *(u32 *)(r1 + 12)
    r0 = 2
    r4 = r2
    r4 += 4
    if r4 > r3 goto out
    *(u64 *)(r10 - 8) = r2
    *(u8 *)(r10 - 8) = r5
    r2 = *(u64 *)(r10 - 8)
    r0 = *(u8 *)(r2 + 0)
out:
    exit
