; type: xdp
; code: V001
; kernel: both
; map: next prog_array 4 4 8
; safe
    r6 = r1
    r3 = *(u32 *)(r6 + 16)
    r2 = map[next] ll
    call tail_call
    r0 = 2
    exit
; unsafe
    r6 = r1
    r2 = map[next] ll
    call tail_call
    r0 = 2
    exit
