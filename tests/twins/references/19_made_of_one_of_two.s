; type: sched_cls
; code: V041
; kernel: both
; safe
    r6 = r1
    *(u64 *)(r10 - 8) = 0
    *(u64 *)(r10 - 16) = 0
    r2 = r10
    r2 += -16
    r3 = 12
    r4 = -1
    r5 = 0
    call sk_lookup_tcp
    r7 = r0
    if r7 == 0 goto out
    r1 = r6
    r2 = r10
    r2 += -16
    r3 = 12
    r4 = -1
    r5 = 0
    call sk_lookup_udp
    r8 = r0
    if r8 != 0 goto both
    r1 = r7
    call sk_release
    goto out
both:
    r1 = *(u32 *)(r6 + 12)
    r3 = r7
    if r1 == 0 goto one
    r3 = r8
one:
    r1 = r3
    call sk_fullsock
    r9 = r0

    if r9 == 0 goto rel
    r1 = *(u32 *)(r9 + 4)
rel:
    r1 = r8
    call sk_release
    r1 = r7
    call sk_release
out:
    r0 = 0
    exit
; unsafe
    r6 = r1
    *(u64 *)(r10 - 8) = 0
    *(u64 *)(r10 - 16) = 0
    r2 = r10
    r2 += -16
    r3 = 12
    r4 = -1
    r5 = 0
    call sk_lookup_tcp
    r7 = r0
    if r7 == 0 goto out
    r1 = r6
    r2 = r10
    r2 += -16
    r3 = 12
    r4 = -1
    r5 = 0
    call sk_lookup_udp
    r8 = r0
    if r8 != 0 goto both
    r1 = r7
    call sk_release
    goto out
both:
    r1 = *(u32 *)(r6 + 12)
    r3 = r7
    if r1 == 0 goto one
    r3 = r8
one:
    r1 = r3
    call sk_fullsock
    r9 = r0
    r1 = r8
    call sk_release
    if r9 == 0 goto rel
    r1 = *(u32 *)(r9 + 4)
rel:

    r1 = r7
    call sk_release
out:
    r0 = 0
    exit
