; type: socket_filter
; code: V002
; level: warning
; kernel: accepts-unsafe
; why: root may read stack bytes that were not written
; safe
    r2 = *(u32 *)(r1 + 0)
    *(u64 *)(r10 - 8) = 0
    if r2 > 100 goto read
    *(u64 *)(r10 - 8) = r2
read:
    r0 = *(u64 *)(r10 - 8)
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    *(u64 *)(r10 - 16) = 0
    if r2 > 100 goto read
    *(u64 *)(r10 - 8) = r2
read:
    r0 = *(u64 *)(r10 - 8)
    exit
