; type: sched_cls
; code: V026
; kernel: both
; safe
    r2 = 1
    *(u32 *)(r1 + 8) = r2
    r0 = 0
    exit
; unsafe
    r2 = 1
    lock *(u32 *)(r1 + 8) += r2
    r0 = 0
    exit
