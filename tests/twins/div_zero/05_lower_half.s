; type: xdp
; code: V021
; level: warning
; kernel: accepts-unsafe
; why: Linux defines a division by zero
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 100
    r4 = r2
    r4 += 8
    if r4 > r3 goto out
    r5 = *(u64 *)(r2 + 0)
    if w5 == 0 goto out
    w0 /= w5
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = 100
    r4 = r2
    r4 += 8
    if r4 > r3 goto out
    r5 = *(u64 *)(r2 + 0)
    if r5 == 0 goto out
    w0 /= w5
out:
    exit
