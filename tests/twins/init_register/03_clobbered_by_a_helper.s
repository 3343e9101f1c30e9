; type: socket_filter
; code: V001
; kernel: both
; safe
    r6 = r1
    call get_prandom_u32
    r0 = *(u32 *)(r6 + 0)
    exit
; unsafe
    r2 = r1
    call get_prandom_u32
    r0 = *(u32 *)(r2 + 0)
    exit
