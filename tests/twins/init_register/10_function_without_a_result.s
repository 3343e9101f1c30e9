; type: socket_filter
; code: V001
; kernel: both
; safe
    r1 = *(u32 *)(r1 + 0)
    call sign
    exit
sign:
    r0 = 0
    if r1 == 0 goto out
    r0 = 1
out:
    exit
; unsafe
    r1 = *(u32 *)(r1 + 0)
    call sign
    exit
sign:
    if r1 == 0 goto out
    r0 = 1
out:
    exit
