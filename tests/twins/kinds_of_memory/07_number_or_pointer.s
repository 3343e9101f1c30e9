; type: socket_filter
; code: V022
; kernel: rejects-safe
; why: Linux does not remember that a number was not 8
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 16)
    *(u64 *)(r10 - 8) = r2
    r4 = r10
    r4 += -8
    r0 = 0
    if r3 == 8 goto first
    r4 = r2
first:
    if r2 == 0 goto out
    if r3 != 8 goto out
    r0 = *(u64 *)(r4 + 0)
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 16)
    *(u64 *)(r10 - 8) = r2
    r4 = r10
    r4 += -8
    r0 = 0
    if r3 == 8 goto first
    r4 = r2
first:
    if r2 == 0 goto out
    if r3 == 9 goto out
    r0 = *(u64 *)(r4 + 0)
out:
    exit
