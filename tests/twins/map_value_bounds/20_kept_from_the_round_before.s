; type: xdp
; code: V013
; kernel: both
; map: table array 4 64 1
; safe
    r6 = r1
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r9 = r0
    *(u64 *)(r10 - 24) = 0
    *(u64 *)(r10 - 16) = 0
    r7 = 0
loop:
    r8 = *(u32 *)(r6 + 16)
    r1 = *(u32 *)(r6 + 12)
    if r1 > 8 goto out
    r4 = r10
    r4 += -24
    r5 = r1
    r1 = r6
    r2 = 0
    r3 = r4
    r4 = r5
    if r4 == 0 goto out
    call xdp_load_bytes
    if r7 == 0 goto next
    r1 = r8
    r1 += 1
    if r1 > 3 goto out
    r2 = *(u64 *)(r10 - 16)
    if r2 > 60 goto out
    r4 = r9
    r4 += r2
    r4 += r8
    r0 = *(u8 *)(r4 + 0)
next:
    *(u64 *)(r10 - 16) = r8
    r7 += 1
    if r7 < 3 goto loop
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
    *(u64 *)(r10 - 24) = 0
    *(u64 *)(r10 - 16) = 0
    r7 = 0
loop:
    r8 = *(u32 *)(r6 + 16)
    r1 = *(u32 *)(r6 + 12)
    if r1 > 8 goto out
    r4 = r10
    r4 += -24
    r5 = r1
    r1 = r6
    r2 = 0
    r3 = r4
    r4 = r5
    if r4 == 0 goto out
    call xdp_load_bytes
    if r7 == 0 goto next
    r1 = r8
    r1 += 1
    if r1 > 3 goto out
    r2 = *(u64 *)(r10 - 16)
    if r2 == 60 goto out
    r4 = r9
    r4 += r2
    r4 += r8
    r0 = *(u8 *)(r4 + 0)
next:
    *(u64 *)(r10 - 16) = r8
    r7 += 1
    if r7 < 3 goto loop
out:
    r0 = 2
    exit
