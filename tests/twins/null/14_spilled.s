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
    *(u64 *)(r10 - 16) = r0
    call get_prandom_u32
    r6 = *(u64 *)(r10 - 16)
    if r6 == 0 goto out
    r1 = *(u64 *)(r10 - 16)
    *(u64 *)(r1 + 0) = r0
out:
    r0 = 0
    exit
; unsafe
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[counters] ll
    call map_lookup_elem
    *(u64 *)(r10 - 16) = r0
    call get_prandom_u32
    r6 = *(u64 *)(r10 - 16)
    if r0 == 0 goto out
    r1 = *(u64 *)(r10 - 16)
    *(u64 *)(r1 + 0) = r0
out:
    r0 = 0
    exit
