; type: xdp
; code: V013
; kernel: both
; map: table array 4 64 1
; map: seen hash 8 8 8
; safe
    r6 = *(u32 *)(r1 + 16)
    if r6 > 0 goto out
    *(u64 *)(r10 - 16) = 3
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r8 = r0
    r7 = 0
loop:
    call get_prandom_u32
    r9 = r0
    r9 &= 63
    call get_prandom_u32
    if r0 > 5 goto keep
    r1 = r10
    r1 += -16
    r1 += r6
    *(u64 *)(r1 + 0) = r9
keep:
    r1 = map[seen] ll
    r2 = r10
    r2 += -16
    r3 = r8
    r4 = 0
    call map_update_elem
    if r9 > 60 goto next
    r3 = r10
    r3 += -16
    r3 += r6
    r2 = *(u64 *)(r3 + 0)
    r4 = r8
    r4 += r2
    r0 = *(u8 *)(r4 + 0)
next:
    r7 += 1
    if r7 < 10 goto loop
out:
    r0 = 2
    exit
; unsafe
    r6 = *(u32 *)(r1 + 16)
    if r6 > 0 goto out
    *(u64 *)(r10 - 16) = 3
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r8 = r0
    r7 = 0
loop:
    call get_prandom_u32
    r9 = r0
    r9 &= 255
    call get_prandom_u32
    if r0 > 5 goto keep
    r1 = r10
    r1 += -16
    r1 += r6
    *(u64 *)(r1 + 0) = r9
keep:
    r1 = map[seen] ll
    r2 = r10
    r2 += -16
    r3 = r8
    r4 = 0
    call map_update_elem
    if r9 > 60 goto next
    r3 = r10
    r3 += -16
    r3 += r6
    r2 = *(u64 *)(r3 + 0)
    r4 = r8
    r4 += r2
    r0 = *(u8 *)(r4 + 0)
next:
    r7 += 1
    if r7 < 10 goto loop
out:
    r0 = 2
    exit
