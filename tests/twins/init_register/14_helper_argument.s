; type: xdp
; code: V001
; kernel: both
; safe
    r1 = *(u32 *)(r1 + 12)
    r2 = 0
    call redirect
    exit
; unsafe
    r1 = *(u32 *)(r1 + 12)
    call redirect
    exit
