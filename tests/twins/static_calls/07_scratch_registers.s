; type: xdp
; code: V001
; kernel: both
; safe
    r6 = r1
    call helps
    r0 = *(u32 *)(r6 + 16)
    exit
helps:
    r0 = 2
    exit
; unsafe
    r6 = r1
    call helps
    r0 = *(u32 *)(r1 + 16)
    exit
helps:
    r0 = 2
    exit
