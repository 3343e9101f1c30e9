; type: xdp
; code: V012
; access: yes
; kernel: both
; safe
    r0 = *(u32 *)(r1 + 16)
    r0 &= 1
    exit
; unsafe
    r0 = *(u32 *)(r1 + 24)
    r0 &= 1
    exit
