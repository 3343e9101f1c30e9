; type: socket_filter
; code: V020
; access: yes
; kernel: both
; map: counters hash 4 8 64
; safe
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[counters] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r1 = *(u64 *)(r0 + 0)
    *(u64 *)(r0 + 0) = r1
out:
    r0 = 0
    exit
; unsafe
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[counters] ll
    call map_lookup_elem
    if r0 != 0 goto out
    r1 = *(u64 *)(r0 + 0)
    *(u64 *)(r0 + 0) = r1
out:
    r0 = 0
    exit
