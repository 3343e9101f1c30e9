; type: sched_cls
; code: V012
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 8)
    r2 &= 4
    if r2 == 0 goto first
    r0 = *(u32 *)(r1 + 52)
    goto out
first:
    r0 = *(u32 *)(r1 + 48)
out:
    r0 &= 1
    exit
; unsafe
    r2 = *(u32 *)(r1 + 8)
    r2 &= 4
    r1 += r2
    r0 = *(u32 *)(r1 + 48)
    r0 &= 1
    exit
