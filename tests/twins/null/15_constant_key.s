; type: socket_filter
; code: V020
; access: yes
; kernel: both
; map: counters array 4 8 4
; safe
    *(u32 *)(r10 - 8) = 3
    r2 = r10
    r2 += -8
    r1 = map[counters] ll
    call map_lookup_elem
    *(u64 *)(r0 + 0) = 1
    r0 = 0
    exit
; unsafe
    *(u32 *)(r10 - 8) = 4
    r2 = r10
    r2 += -8
    r1 = map[counters] ll
    call map_lookup_elem
    *(u64 *)(r0 + 0) = 1
    r0 = 0
    exit
