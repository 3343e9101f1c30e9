; type: xdp
; code: V011
; access: yes
; kernel: both
; safe
    r6 = r1
    r7 = *(u32 *)(r6 + 0)
    r8 = *(u32 *)(r6 + 4)
    r2 = r7
    r2 += 30
    if r2 > r8 goto out
    r9 = 0
loop:
    r7 = *(u32 *)(r6 + 0)
    r8 = *(u32 *)(r6 + 4)
    r2 = r7
    r2 += 30
    if r2 > r8 goto out
    r0 = *(u8 *)(r7 + 20)
    r1 = r6
    r2 = 14
    call xdp_adjust_head
    r9 += 1
    if r9 < 3 goto loop
out:
    r0 = 2
    exit
; unsafe
    r6 = r1
    r7 = *(u32 *)(r6 + 0)
    r8 = *(u32 *)(r6 + 4)
    r2 = r7
    r2 += 30
    if r2 > r8 goto out
    r9 = 0
loop:
    r7 = *(u32 *)(r6 + 0)
    r8 = *(u32 *)(r6 + 4)
    r0 = *(u8 *)(r7 + 20)
    r1 = r6
    r2 = 14
    call xdp_adjust_head
    r9 += 1
    if r9 < 3 goto loop
out:
    r0 = 2
    exit
