; type: socket_filter
; code: V060
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r0 = *(u32 *)(r1 + 4)
    r6 = 10
    if r2 > 100 goto second
first:
    r0 ^= r2
second:
    r0 ^= r6
    r6 -= 1
    if r6 != 0 goto first
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r0 = *(u32 *)(r1 + 4)
    r6 = 10
    if r2 > 100 goto second
first:
    r0 ^= r2
second:
    r0 ^= r6
    if r6 != 0 goto first
    r6 -= 1
    exit
