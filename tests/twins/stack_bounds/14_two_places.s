; type: socket_filter
; code: V010
; access: yes
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = r10
    r3 += -8
    if r2 > 100 goto set
    r3 = r10
    r3 += -16
set:
    r1 = 1
    *(u64 *)(r3 + 0) = r1
    r0 = 0
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = r10
    r3 += -8
    if r2 > 100 goto set
    r3 = r10
    r3 += -16
set:
    r1 = 1
    *(u64 *)(r3 + 8) = r1
    r0 = 0
    exit
