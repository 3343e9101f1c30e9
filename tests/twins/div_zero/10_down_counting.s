; type: socket_filter
; code: V021
; level: warning
; kernel: accepts-unsafe
; why: Linux defines a division by zero
; safe
    r0 = *(u32 *)(r1 + 0)
    r2 = 8
loop:
    r0 /= r2
    r2 -= 1
    if r2 != 0 goto loop
    exit
; unsafe
    r0 = *(u32 *)(r1 + 0)
    r2 = 8
loop:
    r2 -= 1
    r0 /= r2
    if r2 != 0 goto loop
    exit
