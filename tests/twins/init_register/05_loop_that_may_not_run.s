; type: socket_filter
; code: V001
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r2 &= 7
    r3 = 0
    r4 = 0
loop:
    if r3 >= r2 goto done
    r4 = r3
    r3 += 1
    goto loop
done:
    r0 = r4
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r2 &= 7
    r3 = 0
loop:
    if r3 >= r2 goto done
    r4 = r3
    r3 += 1
    goto loop
done:
    r0 = r4
    exit
