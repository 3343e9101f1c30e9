; type: socket_filter
; code: V001
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r0 = 0
    if r2 > 10 goto out
    r0 = 1
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    if r2 > 10 goto out
    r0 = 1
out:
    exit
