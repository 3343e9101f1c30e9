; type: socket_filter
; code: V060
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r0 = *(u32 *)(r1 + 4)
loop:
    if r2 == 0 goto out
    r0 ^= r2
    r2 >>= 1
    goto loop
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r0 = *(u32 *)(r1 + 4)
loop:
    if r2 == 0 goto out
    r0 ^= r2
    r0 >>= 1
    goto loop
out:
    exit
