; type: socket_filter
; code: V025
; kernel: both
; map: values hash 4 8 64
; safe
    r6 = r1
    r7 = *(u32 *)(r1 + 16)
    *(u64 *)(r10 - 8) = 7
    r2 = r10
    r2 += -8
    r1 = map[values] ll
    call map_lookup_elem
    if r0 == 0 goto out
    if r7 == 8 goto read
    r0 = r10
    r0 += -8
read:
    r0 = *(u32 *)(r0 + 0)
    exit
out:
    r0 = 0
    exit
; unsafe
    r6 = r1
    r7 = *(u32 *)(r1 + 16)
    *(u64 *)(r10 - 8) = 7
    r2 = r10
    r2 += -8
    r1 = map[values] ll
    call map_lookup_elem
    if r0 == 0 goto out
    if r7 == 8 goto read
    r0 = r6
read:
    r0 = *(u32 *)(r0 + 0)
    exit
out:
    r0 = 0
    exit
