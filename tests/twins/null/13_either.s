; type: socket_filter
; code: V020
; access: yes
; kernel: both
; map: counters hash 4 8 64
; safe
    r7 = *(u32 *)(r1 + 16)
    *(u64 *)(r10 - 16) = 0
    r6 = r10
    r6 += -16
    if r7 == 8 goto write
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[counters] ll
    call map_lookup_elem
    r6 = r0
    if r6 == 0 goto out
write:
    *(u64 *)(r6 + 0) = 1
out:
    r0 = 0
    exit
; unsafe
    r7 = *(u32 *)(r1 + 16)
    *(u64 *)(r10 - 16) = 0
    r6 = r10
    r6 += -16
    if r7 == 8 goto write
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[counters] ll
    call map_lookup_elem
    r6 = r0
    if r6 == 1 goto out
write:
    *(u64 *)(r6 + 0) = 1
out:
    r0 = 0
    exit
