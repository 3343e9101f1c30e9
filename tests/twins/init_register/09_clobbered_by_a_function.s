; type: socket_filter
; code: V001
; kernel: both
; safe
    r6 = *(u32 *)(r1 + 0)
    call nothing
    r0 = r6
    exit
nothing:
    r0 = 0
    exit
; unsafe
    r3 = *(u32 *)(r1 + 0)
    call nothing
    r0 = r3
    exit
nothing:
    r0 = 0
    exit
