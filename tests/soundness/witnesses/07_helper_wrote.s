; type: socket_filter
; code: V013
; kernel: both
; map: bytes array 4 8 1
; safe
    r6 = r1
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[bytes] ll
    call map_lookup_elem
    if r0 == 0 goto out
    
    r7 = r0
    *(u64 *)(r10 - 16) = 5
    r1 = r6
    r2 = 0
    r3 = r10
    r3 += -16
    r4 = 8
    call skb_load_bytes
    r1 = *(u64 *)(r10 - 16)
    if r1 > 7 goto out
    r7 += r1
    r0 = *(u8 *)(r7 + 0)
out:
    r0 = 0
    exit
; unsafe
    r6 = r1
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[bytes] ll
    call map_lookup_elem
    if r0 == 0 goto out
    
    r7 = r0
    *(u64 *)(r10 - 16) = 5
    r1 = r6
    r2 = 0
    r3 = r10
    r3 += -16
    r4 = 8
    call skb_load_bytes
    r1 = *(u64 *)(r10 - 16)
    r7 += r1
    r0 = *(u8 *)(r7 + 0)
out:
    r0 = 0
    exit
