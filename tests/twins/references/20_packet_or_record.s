; type: xdp
; code: V041
; kernel: both
; map: records ringbuf 0 0 4096
; safe
    r7 = *(u32 *)(r1 + 0)
    r8 = *(u32 *)(r1 + 4)
    r6 = r7
    r6 += 14
    if r6 > r8 goto out
    r1 = map[records] ll
    r2 = 64
    r3 = 0
    call ringbuf_reserve
    if r0 == 0 goto out
    r9 = r0
    call get_prandom_u32
    r1 = 6
    if r0 > 5 goto near
    r1 = 100
near:
    r7 += r1
    if r0 > 5 goto read
    r7 = r9
read:
    r6 = *(u64 *)(r7 + 0)
    r1 = r9
    r2 = 0
    call ringbuf_submit
out:
    r0 = 2
    exit
; unsafe
    r7 = *(u32 *)(r1 + 0)
    r8 = *(u32 *)(r1 + 4)
    r6 = r7
    r6 += 14
    if r6 > r8 goto out
    r1 = map[records] ll
    r2 = 64
    r3 = 0
    call ringbuf_reserve
    if r0 == 0 goto out
    r9 = r0
    call get_prandom_u32
    r1 = 6
    if r0 > 5 goto near
    r1 = 100
near:
    r7 += r1
    if r0 > 5 goto read
    r7 = r9
read:
    r1 = r9
    r2 = 0
    call ringbuf_submit
    r6 = *(u64 *)(r7 + 0)
out:
    r0 = 2
    exit
