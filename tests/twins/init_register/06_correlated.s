; type: socket_filter
; code: V001
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 16)
    r0 = 0
    if r2 > 100 goto first
    r7 = 5
first:
    if r3 == 8 goto out
    if r2 > 100 goto out
    r0 = r7
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 16)
    r0 = 0
    if r2 > 100 goto first
    r7 = 5
first:
    if r3 == 8 goto out
    if r2 > 101 goto out
    r0 = r7
out:
    exit
