; type: socket_filter
; code: V002
; level: warning
; kernel: accepts-unsafe
; why: root may read stack bytes that were not written
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 16)
    r0 = 0
    if r2 > 100 goto first
    *(u64 *)(r10 - 8) = r2
first:
    if r3 == 8 goto out
    if r2 > 100 goto out
    r0 = *(u64 *)(r10 - 8)
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 16)
    r0 = 0
    if r2 > 100 goto first
    *(u64 *)(r10 - 8) = r2
first:
    if r3 == 8 goto out
    if r2 < 100 goto out
    r0 = *(u64 *)(r10 - 8)
out:
    exit
