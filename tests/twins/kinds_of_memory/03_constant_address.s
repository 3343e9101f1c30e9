; type: socket_filter
; code: V022
; access: yes
; kernel: both
; safe
    r2 = r10
    r2 += -8
    *(u64 *)(r2 + 0) = 1
    r0 = 0
    exit
; unsafe
    r2 = 4096
    r2 += -8
    *(u64 *)(r2 + 0) = 1
    r0 = 0
    exit
