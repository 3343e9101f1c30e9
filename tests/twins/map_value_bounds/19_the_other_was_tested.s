; type: xdp
; code: V013
; access: yes
; kernel: both
; map: table array 4 64 1
; safe
    r7 = *(u32 *)(r1 + 12)
    r8 = *(u32 *)(r1 + 16)
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r9 = r0
    r3 = *(u32 *)(r9 + 0)
    if r3 == 0 goto other
    r4 = r7
    goto join
other:
    r4 = r8
join:
    if r4 > 10 goto out
    r9 += r4
    r0 = *(u8 *)(r9 + 0)
out:
    r0 = 2
    exit
; unsafe
    r7 = *(u32 *)(r1 + 12)
    r8 = *(u32 *)(r1 + 16)
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r9 = r0
    r3 = *(u32 *)(r9 + 0)
    if r3 == 0 goto other
    r4 = r7
    goto join
other:
    r4 = r8
join:
    if r4 > 10 goto out
    r9 += r7
    r0 = *(u8 *)(r9 + 0)
out:
    r0 = 2
    exit
