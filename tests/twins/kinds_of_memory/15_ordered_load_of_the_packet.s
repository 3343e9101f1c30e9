; type: xdp
; code: V026
; kernel: both
; safe
    r7 = *(u32 *)(r1 + 0)
    r8 = *(u32 *)(r1 + 4)
    r2 = r7
    r2 += 18
    if r2 > r8 goto out
    r0 = *(u64 *)(r7 + 1)
out:
    r0 = 2
    exit
; unsafe
    r7 = *(u32 *)(r1 + 0)
    r8 = *(u32 *)(r1 + 4)
    r2 = r7
    r2 += 18
    if r2 > r8 goto out
    r0 = load_acquire((u64 *)(r7 + 1))
out:
    r0 = 2
    exit
