; type: xdp
; code: V013
; kernel: both
; map: words array 4 16 1
; safe
    r6 = *(u32 *)(r1 + 16)
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[words] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r6 &= 7
    r6 -= 8
    r6 = r6
    r0 += 8
    r0 += r6
    r0 = *(u8 *)(r0 + 0)
out:
    r0 = 2
    exit
; unsafe
    r6 = *(u32 *)(r1 + 16)
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[words] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r6 &= 7
    r6 -= 8
    w6 = w6
    r0 += 8
    r0 += r6
    r0 = *(u8 *)(r0 + 0)
out:
    r0 = 2
    exit
