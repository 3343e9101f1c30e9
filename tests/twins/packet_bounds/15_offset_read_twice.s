; type: xdp
; code: V011
; access: yes
; kernel: rejects-safe
; why: Linux does not know what lies in the packet, so the second read is another number
; safe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r7 = *(u32 *)(r1 + 12)
    r0 = 1
    r4 = r2
    r4 += 8
    if r4 > r3 goto out
    r5 = *(u8 *)(r2 + 4)
    r4 = r2
    r4 += r5
    r4 += 1
    if r4 > r3 goto out
    *(u8 *)(r2 + 5) = r7
    r5 = *(u8 *)(r2 + 4)
    r2 += r5
    r0 = *(u8 *)(r2 + 0)
out:
    exit
; unsafe
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r7 = *(u32 *)(r1 + 12)
    r0 = 1
    r4 = r2
    r4 += 8
    if r4 > r3 goto out
    r5 = *(u8 *)(r2 + 4)
    r4 = r2
    r4 += r5
    r4 += 1
    if r4 > r3 goto out
    *(u8 *)(r2 + 4) = r7
    r5 = *(u8 *)(r2 + 4)
    r2 += r5
    r0 = *(u8 *)(r2 + 0)
out:
    exit
