; type: sched_cls
; code: V016
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 8)
    r0 = 0
    if r2 == 1 goto first
    if r2 == 2 goto second
    exit
first:
    *(u32 *)(r1 + 32) = r2
    exit
second:
    *(u32 *)(r1 + 44) = r2
    exit
; unsafe
    r2 = *(u32 *)(r1 + 8)
    r0 = 0
    if r2 == 1 goto first
    if r2 == 2 goto second
    exit
first:
    *(u32 *)(r1 + 32) = r2
    exit
second:
    *(u32 *)(r1 + 40) = r2
    exit
