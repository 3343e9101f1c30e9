; type: xdp
; code: V041
; kernel: both
; map: records ringbuf 0 0 4096
; safe
    r6 = *(u32 *)(r1 + 12)
    r1 = map[records] ll
    r2 = 8
    r3 = 0
    call ringbuf_reserve
    r7 = r0
    if r7 == 0 goto out
    r1 = map[records] ll
    r2 = 8
    r3 = 0
    call ringbuf_reserve
    r8 = r0
    if r8 != 0 goto both
    r1 = r7
    r2 = 0
    call ringbuf_submit
    goto out
both:
    r1 = r7
    r9 = r8
    if r6 == 0 goto one
    r1 = r8
    r9 = r7
one:
    r2 = 0
    call ringbuf_submit
    r1 = r9
    r2 = 0
    call ringbuf_submit
out:
    r0 = 2
    exit
; unsafe
    r6 = *(u32 *)(r1 + 12)
    r1 = map[records] ll
    r2 = 8
    r3 = 0
    call ringbuf_reserve
    r7 = r0
    if r7 == 0 goto out
    r1 = map[records] ll
    r2 = 8
    r3 = 0
    call ringbuf_reserve
    r8 = r0
    if r8 != 0 goto both
    r1 = r7
    r2 = 0
    call ringbuf_submit
    goto out
both:
    r1 = r7
    r9 = r8
    if r6 == 0 goto one
    r1 = r8
one:
    r2 = 0
    call ringbuf_submit
    r1 = r7
    r2 = 0
    call ringbuf_submit
    r1 = r8
    r2 = 0
    call ringbuf_submit
out:
    r0 = 2
    exit
