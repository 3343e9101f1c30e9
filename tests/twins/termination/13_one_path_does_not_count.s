; type: socket_filter
; code: V060
; kernel: both
; safe
    r6 = 0
    r7 = 0
loop:
    call get_prandom_u32
    if r0 > 100 goto more
    r6 += 1
    goto test
more:
    r6 += 2
test:
    r7 ^= r0
    if r6 < 20 goto loop
    r0 = r7
    exit
; unsafe
    r6 = 0
    r7 = 0
loop:
    call get_prandom_u32
    if r0 > 100 goto more
    r6 += 1
    goto test
more:
    r7 += 2
test:
    r7 ^= r0
    if r6 < 20 goto loop
    r0 = r7
    exit
