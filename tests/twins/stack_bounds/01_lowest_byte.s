; type: socket_filter
; code: V010
; access: yes
; kernel: both
; safe
    r0 = 0
    *(u64 *)(r10 - 512) = 7
    r0 = *(u64 *)(r10 - 512)
    exit
; unsafe
    r0 = 0
    *(u64 *)(r10 - 520) = 7
    r0 = *(u64 *)(r10 - 520)
    exit
