; type: socket_filter
; code: V002
; level: warning
; kernel: accepts-unsafe
; why: root may read stack bytes that were not written
; safe
    r2 = *(u32 *)(r1 + 0)
    *(u64 *)(r10 - 8) = r2
    r0 = *(u32 *)(r10 - 8)
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    *(u64 *)(r10 - 8) = r2
    r0 = *(u32 *)(r10 - 12)
    exit
