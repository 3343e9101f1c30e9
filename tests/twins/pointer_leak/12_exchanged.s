; type: socket_filter
; code: V024
; level: warning
; kernel: accepts-unsafe
; why: root may let addresses out
; map: values hash 4 8 64
; safe
    r6 = *(u32 *)(r1 + 0)
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[values] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r6 = xchg_64(r0 + 0, r6)
out:
    r0 = 0
    exit
; unsafe
    r6 = r1
    *(u32 *)(r10 - 4) = 1
    r2 = r10
    r2 += -4
    r1 = map[values] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r6 = xchg_64(r0 + 0, r6)
out:
    r0 = 0
    exit
