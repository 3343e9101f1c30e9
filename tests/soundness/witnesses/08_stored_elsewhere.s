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
    
    r7 = r0
    *(u64 *)(r10 - 16) = 5
    *(u64 *)(r10 - 24) = 5
    r1 = r6
    r1 &= 8
    r2 = r10
    r2 += -24
    r2 += r1
    *(u64 *)(r2 + 0) = r6
    r1 = *(u64 *)(r10 - 16)
    if r1 > 7 goto out
    r7 += r1
    r0 = *(u8 *)(r7 + 0)
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
    
    r7 = r0
    *(u64 *)(r10 - 16) = 5
    *(u64 *)(r10 - 24) = 5
    r1 = r6
    r1 &= 8
    r2 = r10
    r2 += -24
    r2 += r1
    *(u64 *)(r2 + 0) = r6
    r1 = *(u64 *)(r10 - 16)
    r7 += r1
    r0 = *(u8 *)(r7 + 0)
out:
    r0 = 2
    exit
