; type: sched_cls
; code: V001
; kernel: both
; safe
    r2 = 0
    call skb_pull_data
    r0 = 0
    exit
; unsafe
    call skb_pull_data
    r0 = 0
    exit
