; type: xdp
; code: V061
; kernel: both
; safe
    r1 = 3
    call falls
    exit
falls:
    r0 = 2
    if r1 == 0 goto out
    r1 += -1
    r0 = 1
out:
    exit
; unsafe
    r1 = 3
    call falls
    exit
falls:
    r0 = 2
    if r1 == 0 goto out
    r1 += -1
    call falls
out:
    exit
