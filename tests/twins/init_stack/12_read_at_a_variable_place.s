; type: socket_filter
; code: V002
; level: warning
; kernel: accepts-unsafe
; why: root may read stack bytes that were not written
; safe
    r2 = *(u32 *)(r1 + 0)
    r2 &= 15
    *(u64 *)(r10 - 8) = 0
    *(u64 *)(r10 - 16) = 0
    r3 = r10
    r3 += -16
    r3 += r2
    r0 = *(u8 *)(r3 + 0)
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r2 &= 15
    *(u64 *)(r10 - 8) = 0
    r3 = r10
    r3 += -16
    r3 += r2
    r0 = *(u8 *)(r3 + 0)
    exit
