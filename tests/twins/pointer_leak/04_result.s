; type: socket_filter
; code: V024
; level: warning
; kernel: accepts-unsafe
; why: root may let addresses out
; safe
    r0 = *(u32 *)(r1 + 0)
    exit
; unsafe
    r0 = r1
    exit
