; type: socket_filter
; code: V021
; level: warning
; kernel: accepts-unsafe
; why: Linux defines a division by zero
; safe
    r0 = *(u32 *)(r1 + 0)
    r2 = *(u32 *)(r1 + 8)
    r3 = *(u32 *)(r1 + 16)
    if r2 == 0 goto out
    r0 /= r2
out:
    exit
; unsafe
    r0 = *(u32 *)(r1 + 0)
    r2 = *(u32 *)(r1 + 8)
    r3 = *(u32 *)(r1 + 16)
    if r3 == 0 goto out
    r0 /= r2
out:
    exit
