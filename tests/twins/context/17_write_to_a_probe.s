; type: kprobe
; code: V016
; kernel: both
; safe
    r2 = *(u64 *)(r1 + 80)
    r0 = 0
    if r2 == 0 goto out
    r0 = 1
out:
    exit
; unsafe
    r2 = 1
    *(u64 *)(r1 + 80) = r2
    r0 = 0
    exit
