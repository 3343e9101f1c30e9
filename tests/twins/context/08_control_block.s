; type: sched_cls
; code: V016
; kernel: both
; safe
    r2 = 5
    *(u32 *)(r1 + 64) = r2
    r0 = 0
    exit
; unsafe
    r2 = 5
    *(u32 *)(r1 + 68) = r2
    r0 = 0
    exit
