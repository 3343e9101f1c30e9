; type: xdp
; code: V019
; access: yes
; kernel: both
; safe
    r6 = r1
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = r2
    r4 += 14
    if r4 > r3 goto out
    *(u64 *)(r10 - 8) = r2
    r7 = *(u64 *)(r10 - 8)
    r0 = *(u8 *)(r7 + 0)
    r1 = r6
    r2 = 2
    call xdp_adjust_head
out:
    r0 = 2
    exit
; unsafe
    r6 = r1
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = r2
    r4 += 14
    if r4 > r3 goto out
    *(u64 *)(r10 - 8) = r2
    r1 = r6
    r2 = 2
    call xdp_adjust_head
    r7 = *(u64 *)(r10 - 8)
    r0 = *(u8 *)(r7 + 0)
out:
    r0 = 2
    exit
