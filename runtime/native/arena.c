#include "arena.h"

/* More than any machine has; leaves room for adding without wrapping. */
#define ARENA_MAX ((uint64_t)1 << 46)

uint64_t arena_plan(uint64_t *size, uint64_t count, uint64_t stride, uint64_t align)
{
    uint64_t offset = (*size + align - 1) / align * align, bytes;
    if (*size >= ARENA_MAX || __builtin_mul_overflow(count, stride, &bytes) || bytes >= ARENA_MAX) {
        *size = ARENA_MAX;
        return 0;
    }
    *size = offset + bytes;
    return offset;
}

int arena_reserve(struct arena *arena, uint64_t size)
{
    uint64_t page = platform_page_bytes();
    if (size >= ARENA_MAX)
        return -E_NOMEM;
    arena->size = (size + page - 1) / page * page;
    arena->base = platform_pages(arena->size);
    return arena->base ? 0 : -E_NOMEM;
}

void arena_release(struct arena *arena)
{
    if (arena->base)
        platform_pages_free(arena->base, arena->size);
    arena->base = NULL;
}
