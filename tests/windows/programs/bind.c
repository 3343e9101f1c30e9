/* A context with memory, events, text. */
#include "windows.h"

struct { __uint(type, HASH); __type(key, u64); __type(value, u32); __uint(max_entries, 1024); } processes SEC(".maps");
struct { __uint(type, RINGBUF); __uint(max_entries, 1 << 20); } events SEC(".maps");
struct { __uint(type, STACK); __type(value, u64); __uint(max_entries, 16); } last SEC(".maps");
struct { __uint(type, QUEUE); __type(value, u32); __uint(max_entries, 64); } order SEC(".maps");

static volatile char blocked[8] = "evil";

SEC("bind") int authorize(struct bind_md_t *context)
{
    u8 *start = context->app_id_start, *end = context->app_id_end;
    u64 process = context->process_id;
    struct { u64 process; u32 operation; u8 name[8]; } event = {process, context->operation, {0}};
    char text[] = "bind by %llu";
    if (start + 8 <= end)
        memory_copy(event.name, 8, start, 8);
    if (context->operation == 2) {
        map_delete(&processes, &process);
        ringbuf_output(&events, &event, sizeof event, 0);
        return 0;
    }
    if (context->operation > 2)
        printk3(text, sizeof text, process);
    map_push(&last, &process, 2);
    u32 length = (u32)string_length((const char *)event.name, 8);
    if (map_push(&order, &length, 0) < 0) {
        u32 gone;
        map_pop(&order, &gone);
    }
    u32 *count = map_lookup(&processes, &process), one = 1;
    if (!count)
        map_update(&processes, &process, &one, 0);
    else if (*count >= 3)
        return 1;
    else
        (*count)++;
    char name[8];
    for (int i = 0; i < 8; i++)
        name[i] = blocked[i];
    return memory_compare(event.name, 4, name, 4) ? 3 : 1;
}
