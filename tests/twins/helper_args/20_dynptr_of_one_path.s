; type: kprobe
; code: V033
; kernel: both
; map: table array 4 64 1
; safe
    *(u64 *)(r10 - 8) = 0
    *(u64 *)(r10 - 16) = 0
    *(u64 *)(r10 - 24) = 0
    *(u64 *)(r10 - 32) = 0
    *(u32 *)(r10 - 36) = 0
    r2 = r10
    r2 += -36
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r6 = r0
    call get_prandom_u32
    r7 = r0
    if r7 > 5 goto fill
    r1 = r6
    r2 = 8
    r3 = 0
    r4 = r10
    r4 += -32
    call dynptr_from_mem
fill:
    r1 = r10
    r1 += -8
    r2 = 8
    r3 = r6
    call probe_read_kernel
    if r7 > 5 goto out
    r1 = r10
    r1 += -16
    r2 = 8
    r3 = r10
    r3 += -32
    r4 = 0
    r5 = 0
    call dynptr_read
out:
    r0 = 0
    exit
; unsafe
    *(u64 *)(r10 - 8) = 0
    *(u64 *)(r10 - 16) = 0
    *(u64 *)(r10 - 24) = 0
    *(u64 *)(r10 - 32) = 0
    *(u32 *)(r10 - 36) = 0
    r2 = r10
    r2 += -36
    r1 = map[table] ll
    call map_lookup_elem
    if r0 == 0 goto out
    r6 = r0
    call get_prandom_u32
    r7 = r0
    if r7 > 5 goto fill
    r1 = r6
    r2 = 8
    r3 = 0
    r4 = r10
    r4 += -32
    call dynptr_from_mem
fill:
    r1 = r10
    r1 += -24
    r2 = 8
    r3 = r6
    call probe_read_kernel
    if r7 > 5 goto out
    r1 = r10
    r1 += -16
    r2 = 8
    r3 = r10
    r3 += -32
    r4 = 0
    r5 = 0
    call dynptr_read
out:
    r0 = 0
    exit
