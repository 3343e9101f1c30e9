; type: socket_filter
; code: V024
; level: warning
; kernel: accepts-unsafe
; why: root may let addresses out
; map: seen hash 8 8 64
; safe
    r6 = *(u32 *)(r1 + 0)
    *(u64 *)(r10 - 8) = r6
    *(u64 *)(r10 - 16) = 1
    r2 = r10
    r2 += -8
    r3 = r10
    r3 += -16
    r4 = 0
    r1 = map[seen] ll
    call map_update_elem
    r0 = 0
    exit
; unsafe
    r6 = r1
    *(u64 *)(r10 - 8) = r6
    *(u64 *)(r10 - 16) = 1
    r2 = r10
    r2 += -8
    r3 = r10
    r3 += -16
    r4 = 0
    r1 = map[seen] ll
    call map_update_elem
    r0 = 0
    exit
