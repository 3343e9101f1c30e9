; type: xdp
; code: V013
; kernel: both
; map: bytes array 4 8 1
; safe
    r6 = *(u32 *)(r1 + 16)
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[bytes] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r6 %= 8
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
    r1 = map[bytes] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r6 %= 9
    r0 += r6
    r0 = *(u8 *)(r0 + 0)
out:
    r0 = 2
    exit
