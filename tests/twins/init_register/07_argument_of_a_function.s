; type: socket_filter
; code: V001
; kernel: both
; safe
    r1 = *(u32 *)(r1 + 0)
    r2 = 3
    call add
    exit
add:
    r0 = r1
    r0 += r2
    exit
; unsafe
    r1 = *(u32 *)(r1 + 0)
    call add
    exit
add:
    r0 = r1
    r0 += r2
    exit
