; type: socket_filter
; code: V017
; kernel: both
; map: values hash 4 24 64
; safe
    r6 = *(u32 *)(r1 + 0)
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[values] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r2 = r0
    r6 &= 8
    r2 += r6
    r0 = 0
    r0 = cmpxchg_64(r2 + 0, r0, r6)
out:
    r0 = 0
    exit
; unsafe
    r6 = *(u32 *)(r1 + 0)
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[values] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r2 = r0
    r6 &= 4
    r2 += r6
    r0 = 0
    r0 = cmpxchg_64(r2 + 0, r0, r6)
out:
    r0 = 0
    exit
