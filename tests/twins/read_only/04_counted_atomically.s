; type: socket_filter
; code: V015
; access: yes
; kernel: both
; map: counters array 4 8 1
; map: settings array 4 8 1 0x80
; safe
    *(u32 *)(r10 - 8) = 0
    r2 = r10
    r2 += -8
    r1 = map[counters] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r1 = 1
    lock *(u64 *)(r0 + 0) += r1
out:
    r0 = 0
    exit
; unsafe
    *(u32 *)(r10 - 8) = 0
    r2 = r10
    r2 += -8
    r1 = map[settings] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r1 = 1
    lock *(u64 *)(r0 + 0) += r1
out:
    r0 = 0
    exit
