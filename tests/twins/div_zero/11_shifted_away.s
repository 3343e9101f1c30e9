; type: socket_filter
; code: V021
; level: warning
; kernel: accepts-unsafe
; why: Linux defines a division by zero
; safe
    r0 = *(u32 *)(r1 + 0)
    r2 = *(u32 *)(r1 + 8)
    if r2 < 256 goto out
    r2 >>= 8
    r0 %= r2
out:
    exit
; unsafe
    r0 = *(u32 *)(r1 + 0)
    r2 = *(u32 *)(r1 + 8)
    if r2 < 255 goto out
    r2 >>= 8
    r0 %= r2
out:
    exit
