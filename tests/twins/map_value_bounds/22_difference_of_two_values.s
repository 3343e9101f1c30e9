; type: xdp
; code: V013
; kernel: rejects-safe
; why: of two values of a map Linux takes no difference
; map: table array 4 64 1
; map: flows hash 4 64 100
; safe
    r6 = r1
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r9 = r0
    r7 = 0
    r8 = 0
    r1 = *(u32 *)(r6 + 12)
    if r1 == 0 goto second
first:
    r8 += 1
    if r8 > 5 goto out
second:
    r8 += 1
    if r8 > 6 goto out
    *(u32 *)(r10 - 4) = r8
    r2 = r10
    r2 += -4
    r1 = map[flows] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r1 = r7
    r7 = r0
    if r1 == 0 goto first
    r0 -= r7
    if r0 s< 0 goto out
    if r0 > 0xfffffff goto out
    r9 += r0
    r0 = *(u8 *)(r9 + 0)
out:
    r0 = 2
    exit
; unsafe
    r6 = r1
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r9 = r0
    r7 = 0
    r8 = 0
    r1 = *(u32 *)(r6 + 12)
    if r1 == 0 goto second
first:
    r8 += 1
    if r8 > 5 goto out
second:
    r8 += 1
    if r8 > 6 goto out
    *(u32 *)(r10 - 4) = r8
    r2 = r10
    r2 += -4
    r1 = map[flows] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r1 = r7
    r7 = r0
    if r1 == 0 goto first
    r0 -= r1
    if r0 s< 0 goto out
    if r0 > 0xfffffff goto out
    r9 += r0
    r0 = *(u8 *)(r9 + 0)
out:
    r0 = 2
    exit
