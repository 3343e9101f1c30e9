; type: socket_filter
; code: V023
; kernel: rejects-safe
; why: Linux 6.18 knows no bound of a quotient
; safe
    r2 = *(u32 *)(r1 + 0)
    r2 &= 63
    *(u64 *)(r10 - 8) = 0
    r3 = r10
    r3 += -8
    r2 /= 8
    r3 += r2
    r0 = *(u8 *)(r3 + 0)
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r2 &= 63
    *(u64 *)(r10 - 8) = 0
    r3 = r10
    r3 += -8
    r3 /= 8
    r3 += r2
    r0 = *(u8 *)(r3 + 0)
    exit
