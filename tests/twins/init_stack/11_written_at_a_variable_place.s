; type: socket_filter
; code: V002
; level: warning
; kernel: accepts-unsafe
; why: root may read stack bytes that were not written
; safe
    r2 = *(u32 *)(r1 + 0)
    r2 &= 7
    *(u64 *)(r10 - 8) = 0
    r3 = r10
    r3 += -8
    r3 += r2
    *(u8 *)(r3 + 0) = 1
    r0 = *(u64 *)(r10 - 8)
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r2 &= 7
    r3 = r10
    r3 += -8
    r3 += r2
    *(u8 *)(r3 + 0) = 1
    r0 = *(u64 *)(r10 - 8)
    exit
