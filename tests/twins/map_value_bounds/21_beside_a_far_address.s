; type: xdp
; code: V013
; kernel: rejects-safe
; why: Linux does not let a number without bounds be added to an address of the packet
; map: table array 4 64 1
; safe
    r6 = r1
    r7 = *(u32 *)(r6 + 0)
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r8 = r0
    r9 = *(u64 *)(r8 + 0)
    if r9 s>= 0 goto out
    r5 = r7
    r4 = r7
    r4 += r9
    r3 = 0
    if r5 >= r4 goto out
loop:
    if r3 > 63 goto out
    r2 = r8
    r2 += r3
    r0 = *(u8 *)(r2 + 0)
    r3 += 1
    r5 += 1
    if r5 != r4 goto loop
out:
    r0 = 2
    exit
; unsafe
    r6 = r1
    r7 = *(u32 *)(r6 + 0)
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r8 = r0
    r9 = *(u64 *)(r8 + 0)
    if r9 s>= 0 goto out
    r5 = r7
    r4 = r7
    r4 += r9
    r3 = 0
    if r5 >= r4 goto out
loop:
    if r3 > 64 goto out
    r2 = r8
    r2 += r3
    r0 = *(u8 *)(r2 + 0)
    r3 += 1
    r5 += 1
    if r5 != r4 goto loop
out:
    r0 = 2
    exit
