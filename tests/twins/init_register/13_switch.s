; type: socket_filter
; code: V001
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 16)
    r2 &= 3
    if r2 == 0 goto zero
    if r2 == 1 goto one
    if r2 == 2 goto two
    r3 = 30
    goto out
zero:
    r3 = 0
    goto out
one:
    r3 = 10
    goto out
two:
    r3 = 20
out:
    r0 = r3
    exit
; unsafe
    r2 = *(u32 *)(r1 + 16)
    r2 &= 3
    if r2 == 0 goto zero
    if r2 == 1 goto one
    if r2 == 2 goto two
    goto out
zero:
    r3 = 0
    goto out
one:
    r3 = 10
    goto out
two:
    r3 = 20
out:
    r0 = r3
    exit
