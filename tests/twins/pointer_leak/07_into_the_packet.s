; type: xdp
; code: V024
; level: warning
; kernel: accepts-unsafe
; why: root may let addresses out
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = *(u32 *)(r1 + 12)
    r0 = 2
    r5 = r2
    r5 += 8
    if r5 > r3 goto out
    *(u64 *)(r2 + 0) = r4
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = *(u32 *)(r1 + 12)
    r0 = 2
    r5 = r2
    r5 += 8
    if r5 > r3 goto out
    *(u64 *)(r2 + 0) = r1
out:
    exit
