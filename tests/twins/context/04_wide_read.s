; type: xdp
; code: V012
; kernel: both
; safe
    r0 = *(u32 *)(r1 + 12)
    r0 &= 1
    exit
; unsafe
    r0 = *(u64 *)(r1 + 8)
    r0 &= 1
    exit
