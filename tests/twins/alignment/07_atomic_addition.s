; type: socket_filter
; code: V017
; kernel: both
; map: values hash 4 24 64
; safe
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[values] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r1 = 1
    lock *(u64 *)(r0 + 8) += r1
out:
    r0 = 0
    exit
; unsafe
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[values] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r1 = 1
    lock *(u64 *)(r0 + 12) += r1
out:
    r0 = 0
    exit
