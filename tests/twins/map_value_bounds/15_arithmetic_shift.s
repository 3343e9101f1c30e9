; type: socket_filter
; code: V013
; access: yes
; kernel: both
; map: buckets array 4 64 1
; safe
    r6 = *(u32 *)(r1 + 8)
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[buckets] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r6 <<= 32
    r6 >>= 58
    r0 += r6
    r0 = *(u8 *)(r0 + 0)
out:
    r0 = 0
    exit
; unsafe
    r6 = *(u32 *)(r1 + 8)
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[buckets] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r6 <<= 32
    r6 s>>= 58
    r0 += r6
    r0 = *(u8 *)(r0 + 0)
out:
    r0 = 0
    exit
