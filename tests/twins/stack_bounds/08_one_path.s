; type: socket_filter
; code: V010
; access: yes
; kernel: both
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 16)
    r4 = r10
    r4 += -16
    *(u64 *)(r10 - 8) = 0
    *(u64 *)(r10 - 16) = 0
    if r3 == 8 goto checked
    r2 &= 15
    goto store
checked:
    if r2 > 15 goto out
store:
    r4 += r2
    *(u8 *)(r4 + 0) = 1
out:
    r0 = *(u64 *)(r10 - 16)
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 16)
    r4 = r10
    r4 += -16
    *(u64 *)(r10 - 8) = 0
    *(u64 *)(r10 - 16) = 0
    if r3 == 8 goto checked
    goto store
checked:
    if r2 > 15 goto out
store:
    r4 += r2
    *(u8 *)(r4 + 0) = 1
out:
    r0 = *(u64 *)(r10 - 16)
    exit
