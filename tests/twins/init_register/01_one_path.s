; type: socket_filter
; code: V001
; kernel: both
; safe
    r6 = *(u32 *)(r1 + 0)
    r7 = 0
    if r6 > 64 goto long
    goto out
long:
    r7 = 1
out:
    r0 = r7
    exit
; unsafe
    r6 = *(u32 *)(r1 + 0)
    if r6 > 64 goto long
    goto out
long:
    r7 = 1
out:
    r0 = r7
    exit
