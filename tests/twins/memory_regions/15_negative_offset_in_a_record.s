; type: socket_filter
; code: V014
; access: yes
; kernel: rejects-safe
; why: Linux wants the variable part of an offset to be no less than zero
; map: events ringbuf 0 0 4096
; safe
    r6 = *(u32 *)(r1 + 0)
    r1 = map[events] ll
    r2 = 64
    r3 = 0
    call ringbuf_reserve
    if r0 == 0 goto out
    r6 &= 63
    r7 = r0
    r7 += 63
    r7 -= r6
    *(u8 *)(r7 + 0) = 1
    r1 = r0
    r2 = 0
    call ringbuf_submit
out:
    r0 = 0
    exit
; unsafe
    r6 = *(u32 *)(r1 + 0)
    r1 = map[events] ll
    r2 = 64
    r3 = 0
    call ringbuf_reserve
    if r0 == 0 goto out
    r6 &= 63
    r7 = r0
    r7 += 62
    r7 -= r6
    *(u8 *)(r7 + 0) = 1
    r1 = r0
    r2 = 0
    call ringbuf_submit
out:
    r0 = 0
    exit
