; type: socket_filter
; code: V015
; access: yes
; kernel: both
; map: first array 4 8 1
; map: second array 4 8 1 0x80
; safe
    r6 = *(u32 *)(r1 + 16)
    *(u32 *)(r10 - 8) = 0
    r2 = r10
    r2 += -8
    r1 = map[second] ll
    if r6 == 8 goto look
    r1 = map[first] ll
look:
    call map_lookup_elem
    if r0 == 0 goto out
    if r6 == 8 goto out
    *(u64 *)(r0 + 0) = 1
out:
    r0 = 0
    exit
; unsafe
    r6 = *(u32 *)(r1 + 16)
    *(u32 *)(r10 - 8) = 0
    r2 = r10
    r2 += -8
    r1 = map[second] ll
    if r6 == 8 goto look
    r1 = map[first] ll
look:
    call map_lookup_elem
    if r0 == 0 goto out
    if r6 != 8 goto out
    *(u64 *)(r0 + 0) = 1
out:
    r0 = 0
    exit
