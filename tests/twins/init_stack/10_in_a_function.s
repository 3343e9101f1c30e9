; type: socket_filter
; code: V002
; level: warning
; kernel: accepts-unsafe
; why: root may read stack bytes that were not written
; safe
    r2 = *(u32 *)(r1 + 0)
    *(u64 *)(r10 - 8) = r2
    *(u64 *)(r10 - 16) = 0
    r1 = r10
    r1 += -16
    call sum
    exit
sum:
    r0 = *(u64 *)(r1 + 0)
    r2 = *(u64 *)(r1 + 8)
    r0 += r2
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    *(u64 *)(r10 - 8) = r2
    r1 = r10
    r1 += -16
    call sum
    exit
sum:
    r0 = *(u64 *)(r1 + 0)
    r2 = *(u64 *)(r1 + 8)
    r0 += r2
    exit
