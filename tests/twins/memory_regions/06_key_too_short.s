; type: socket_filter
; code: V034
; access: yes
; kernel: both
; map: flows hash 8 8 16
; safe
    r6 = *(u32 *)(r1 + 0)
    *(u32 *)(r10 - 4) = 0
    *(u32 *)(r10 - 8) = r6
    r2 = r10
    r2 += -8
    r1 = map[flows] ll
    call map_lookup_elem
    r0 = 0
    exit
; unsafe
    r6 = *(u32 *)(r1 + 0)
    *(u32 *)(r10 - 4) = 0
    *(u32 *)(r10 - 8) = r6
    r2 = r10
    r2 += -4
    r1 = map[flows] ll
    call map_lookup_elem
    r0 = 0
    exit
