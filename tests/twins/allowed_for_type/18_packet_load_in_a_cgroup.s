; type: cgroup_skb
; code: V031
; kernel: both
; safe
    r6 = r1
    r2 = 14
    r3 = r10
    r3 += -1
    r4 = 1
    call skb_load_bytes
    r0 = 1
    exit
; unsafe
    r6 = r1
    r0 = *(u8 *)skb[14]
    r0 = 1
    exit
