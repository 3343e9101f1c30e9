; type: xdp
; code: V011
; access: yes
; kernel: both
; Two addresses of different states of the packet, both stale: they may differ although both are 14 bytes from its start.
; safe
    r6 = r1
    r7 = *(u32 *)(r6 + 0)
    r7 += 14
    r1 = r6
    r2 = -16
    call xdp_adjust_head
    if r0 != 0 goto out
    r1 = r6
    r2 = -16
    call xdp_adjust_head
    if r0 != 0 goto out
    r8 = *(u32 *)(r6 + 0)
    r9 = *(u32 *)(r6 + 4)
    r3 = r8
    r3 += 100
    if r3 > r9 goto out
    r0 = *(u8 *)(r8 + 99)
out:
    r0 = 2
    exit
; unsafe
    r6 = r1
    r7 = *(u32 *)(r6 + 0)
    r7 += 14
    r1 = r6
    r2 = -16
    call xdp_adjust_head
    if r0 != 0 goto out
    r8 = *(u32 *)(r6 + 0)
    r8 += 14
    r1 = r6
    r2 = -16
    call xdp_adjust_head
    if r0 != 0 goto out
    if r7 == r8 goto out
    r8 = *(u32 *)(r6 + 0)
    r0 = *(u8 *)(r8 + 99)
out:
    r0 = 2
    exit
