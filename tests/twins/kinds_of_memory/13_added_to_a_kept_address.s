; type: xdp
; code: V022
; access: yes
; kernel: both
; map: table array 4 64 1
; safe
    r6 = r1
    *(u64 *)(r10 - 8) = 0
    r2 = r10
    r2 += -8
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r9 = r0
    *(u64 *)(r10 - 16) = r9
    *(u64 *)(r10 - 24) = 0
    *(u64 *)(r10 - 32) = 0
    *(u64 *)(r10 - 40) = 0
    r8 = r9
    r7 = -40
    r1 = 4096
loop:
    r3 = r10
    r3 += r7
    lock *(u64 *)(r3 + 0) += r1
    r0 = *(u8 *)(r8 + 0)
    r7 += 8
    r5 = *(u32 *)(r6 + 12)
    if r5 == 0 goto out
    r8 = *(u64 *)(r10 - 16)
    r5 = *(u32 *)(r6 + 16)
    if r5 == 0 goto out
    if r7 != -16 goto loop
out:
    r0 = 2
    exit
; unsafe
    r6 = r1
    *(u64 *)(r10 - 8) = 0
    r2 = r10
    r2 += -8
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r9 = r0
    *(u64 *)(r10 - 16) = r9
    *(u64 *)(r10 - 24) = 0
    *(u64 *)(r10 - 32) = 0
    *(u64 *)(r10 - 40) = 0
    r8 = r9
    r7 = -40
    r1 = 4096
loop:
    r3 = r10
    r3 += r7
    lock *(u64 *)(r3 + 0) += r1
    r0 = *(u8 *)(r8 + 0)
    r7 += 8
    r5 = *(u32 *)(r6 + 12)
    if r5 == 0 goto out
    r8 = *(u64 *)(r10 - 16)
    r5 = *(u32 *)(r6 + 16)
    if r5 == 0 goto out
    if r7 != 0 goto loop
out:
    r0 = 2
    exit
