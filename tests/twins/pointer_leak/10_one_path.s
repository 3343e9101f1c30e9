; type: socket_filter
; code: V024
; level: warning
; kernel: accepts-unsafe
; why: root may let addresses out
; safe
    r0 = *(u32 *)(r1 + 0)
    if r0 > 64 goto long
    r2 = r0
    r2 += 4
    r0 = r2
    exit
long:
    exit
; unsafe
    r0 = *(u32 *)(r1 + 0)
    if r0 > 64 goto long
    r2 = r10
    r2 += 4
    r0 = r2
    exit
long:
    exit
