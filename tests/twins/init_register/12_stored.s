; type: xdp
; code: V001
; kernel: both
; map: values hash 4 8 4
; safe
    r6 = *(u32 *)(r1 + 12)
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[values] ll
    call map_lookup_elem
    if r0 == 0 goto out
    *(u64 *)(r0 + 0) = r6
out:
    r0 = 2
    exit
; unsafe
    r6 = *(u32 *)(r1 + 12)
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[values] ll
    call map_lookup_elem
    if r0 == 0 goto out
    *(u64 *)(r0 + 0) = r7
out:
    r0 = 2
    exit
