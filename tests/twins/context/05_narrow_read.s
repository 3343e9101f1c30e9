; type: sched_cls
; code: V012
; kernel: both
; safe
    r2 = *(u16 *)(r1 + 8)
    r0 = 0
    if r2 == 7 goto out
    r0 = 2
out:
    exit
; unsafe
    r2 = *(u16 *)(r1 + 76)
    r0 = 0
    if r2 == 7 goto out
    r0 = 2
out:
    exit
