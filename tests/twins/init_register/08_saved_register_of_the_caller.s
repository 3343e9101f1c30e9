; type: socket_filter
; code: V001
; kernel: both
; safe
    r6 = *(u32 *)(r1 + 0)
    r1 = r6
    call same
    exit
same:
    r0 = r1
    exit
; unsafe
    r6 = *(u32 *)(r1 + 0)
    r1 = r6
    call same
    exit
same:
    r0 = r6
    exit
