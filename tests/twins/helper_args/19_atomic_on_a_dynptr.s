; type: xdp
; code: V018
; kernel: both
; map: records ringbuf 0 0 4096
; safe
    *(u64 *)(r10 - 8) = 0
    r1 = map[records] ll
    r2 = 64
    r3 = 0
    r4 = r10
    r4 += -32
    call ringbuf_reserve_dynptr
    r1 = 64
    lock *(u64 *)(r10 - 8) += r1
    r1 = r10
    r1 += -32
    r2 = 0
    call ringbuf_discard_dynptr
    r0 = 2
    exit
; unsafe
    *(u64 *)(r10 - 8) = 0
    r1 = map[records] ll
    r2 = 64
    r3 = 0
    r4 = r10
    r4 += -32
    call ringbuf_reserve_dynptr
    r1 = 64
    lock *(u64 *)(r10 - 24) += r1
    r1 = r10
    r1 += -32
    r2 = 0
    call ringbuf_discard_dynptr
    r0 = 2
    exit
