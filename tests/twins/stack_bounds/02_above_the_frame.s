; type: socket_filter
; code: V010
; access: yes
; kernel: both
; safe
    r2 = r10
    r2 += -8
    *(u64 *)(r2 + 0) = 1
    r0 = 0
    exit
; unsafe
    r2 = r10
    r2 += -8
    *(u64 *)(r2 + 8) = 1
    r0 = 0
    exit
