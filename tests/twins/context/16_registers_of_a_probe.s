; type: kprobe
; code: V012
; access: yes
; kernel: both
; safe
    r1 = *(u64 *)(r1 + 160)
    r0 = 0
    if r1 == 0 goto out
    r0 = 1
out:
    exit
; unsafe
    r1 = *(u64 *)(r1 + 168)
    r0 = 0
    if r1 == 0 goto out
    r0 = 1
out:
    exit
