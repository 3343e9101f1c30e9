; type: xdp
; code: V026
; kernel: both
; map: counters array 4 8 1
; safe
    r3 = r10
    r3 += -8
    *(u64 *)(r10 - 8) = 0
    r1 = 0
    r2 = 0
    r4 = 8
    r5 = 0
    call csum_diff
    r0 = 2
    exit
; unsafe
    r3 = map[counters] ll
    *(u64 *)(r10 - 8) = 0
    r1 = 0
    r2 = 0
    r4 = 8
    r5 = 0
    call csum_diff
    r0 = 2
    exit
