; type: xdp
; code: V037
; kernel: both
; map: events ringbuf 0 0 4096
; safe
    *(u64 *)(r10 - 8) = 24
    r6 = *(u32 *)(r1 + 16)
    *(u64 *)(r10 - 16) = r6
    r1 = map[events] ll
    r2 = *(u64 *)(r10 - 8)
    r3 = 0
    call ringbuf_reserve
    if r0 == 0 goto out
    r1 = r0
    r2 = 0
    call ringbuf_discard
out:
    r0 = 2
    exit
; unsafe
    *(u64 *)(r10 - 8) = 24
    r6 = *(u32 *)(r1 + 16)
    *(u64 *)(r10 - 16) = r6
    r1 = map[events] ll
    r2 = *(u64 *)(r10 - 16)
    r3 = 0
    call ringbuf_reserve
    if r0 == 0 goto out
    r1 = r0
    r2 = 0
    call ringbuf_discard
out:
    r0 = 2
    exit
