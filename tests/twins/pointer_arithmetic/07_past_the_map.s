; type: socket_filter
; code: V023
; kernel: both
; map: counters hash 4 8 64
; safe
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[counters] ll
    call map_lookup_elem
    r0 = 0
    exit
; unsafe
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[counters] ll
    r1 += 8
    call map_lookup_elem
    r0 = 0
    exit
