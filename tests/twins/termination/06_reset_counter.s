; type: socket_filter
; code: V060
; kernel: both
; safe
    r6 = *(u32 *)(r1 + 16)
    r7 = 0
loop:
    r7 += 1
    call get_prandom_u32
    if r0 != 7 goto next
    r6 = 0
next:
    if r7 < 50 goto loop
    r0 = r6
    exit
; unsafe
    r6 = *(u32 *)(r1 + 16)
    r7 = 0
loop:
    r7 += 1
    call get_prandom_u32
    if r0 != 7 goto next
    r7 = 0
next:
    if r7 < 50 goto loop
    r0 = r6
    exit
