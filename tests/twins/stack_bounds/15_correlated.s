; type: socket_filter
; code: V010
; access: yes
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r6 = *(u32 *)(r1 + 16)
    *(u64 *)(r10 - 8) = 0
    r5 = 0
    if r2 > 7 goto large
    r5 = 1
large:
    r3 = r10
    r3 += -8
    if r6 != 8 goto out
    if r5 != 1 goto out
    r3 += r2
    *(u8 *)(r3 + 0) = 1
out:
    r0 = *(u64 *)(r10 - 8)
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r6 = *(u32 *)(r1 + 16)
    *(u64 *)(r10 - 8) = 0
    r5 = 0
    if r2 > 7 goto large
    r5 = 1
large:
    r3 = r10
    r3 += -8
    if r6 != 8 goto out
    if r5 != 0 goto out
    r3 += r2
    *(u8 *)(r3 + 0) = 1
out:
    r0 = *(u64 *)(r10 - 8)
    exit
