; type: socket_filter
; code: V020
; access: yes
; kernel: both
; map: counters hash 4 8 64
; safe
    r7 = *(u32 *)(r1 + 16)
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[counters] ll
    call map_lookup_elem
    r6 = 0
    if r0 == 0 goto none
    r6 = 1
none:
    if r7 == 8 goto out
    if r6 == 0 goto out
    r1 = *(u64 *)(r0 + 0)
    *(u64 *)(r0 + 0) = r1
out:
    r0 = 0
    exit
; unsafe
    r7 = *(u32 *)(r1 + 16)
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[counters] ll
    call map_lookup_elem
    r6 = 0
    if r0 == 0 goto none
    r6 = 1
none:
    if r7 == 8 goto out
    if r6 > 1 goto out
    r1 = *(u64 *)(r0 + 0)
    *(u64 *)(r0 + 0) = r1
out:
    r0 = 0
    exit
