; type: socket_filter
; code: V013
; access: yes
; kernel: both
; map: table hash 4 32 4
; safe
    r6 = *(u32 *)(r1 + 0)
    r7 = *(u32 *)(r1 + 16)
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    if r6 > 24 goto out
    if r7 == 8 goto read
    if r6 > 20 goto out
    r6 += 4
read:
    r0 += r6
    r0 = *(u64 *)(r0 + 0)
out:
    r0 = 0
    exit
; unsafe
    r6 = *(u32 *)(r1 + 0)
    r7 = *(u32 *)(r1 + 16)
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    if r6 > 24 goto out
    if r7 == 8 goto read
    if r6 > 20 goto out
    r6 += 5
read:
    r0 += r6
    r0 = *(u64 *)(r0 + 0)
out:
    r0 = 0
    exit
