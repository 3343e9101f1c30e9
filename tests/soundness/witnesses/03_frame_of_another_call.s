; type: xdp
; code: V002
; level: warning
; kernel: accepts-unsafe
; why: root may read what was not written
; safe
    r1 = *(u32 *)(r1 + 16)
    call first
    call second
    r0 &= 1
    exit
first:
    *(u64 *)(r10 - 8) = r1
    *(u64 *)(r10 - 16) = r1
    r2 = r10
    r2 += -16
    r1 &= 8
    r2 += r1
    r0 = *(u64 *)(r2 + 0)
    exit
second:
    *(u64 *)(r10 - 8) = 0
    r0 = *(u64 *)(r10 - 8)
    exit
; unsafe
    r1 = *(u32 *)(r1 + 16)
    call first
    call second
    r0 &= 1
    exit
first:
    *(u64 *)(r10 - 8) = r1
    *(u64 *)(r10 - 16) = r1
    r2 = r10
    r2 += -16
    r1 &= 8
    r2 += r1
    r0 = *(u64 *)(r2 + 0)
    exit
second:
    r0 = *(u64 *)(r10 - 8)
    exit
