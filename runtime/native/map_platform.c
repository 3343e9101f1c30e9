#if !defined(_WIN32) && !defined(__APPLE__)
#define _GNU_SOURCE
#endif
#if defined(_WIN32)
#define _CRT_RAND_S
#endif
#include "map_platform.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(_WIN32)
#elif defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#else
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>
#endif

#if defined(_WIN32)

void *platform_pages(uint64_t bytes)
{
    return VirtualAlloc(NULL, (SIZE_T)bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void platform_pages_free(void *pages, uint64_t bytes)
{
    (void)bytes;
    VirtualFree(pages, 0, MEM_RELEASE);
}

uint64_t platform_page_bytes(void)
{
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return info.dwPageSize;
}

uint64_t platform_random(void)
{
    unsigned int low = 0, high = 0;
    rand_s(&low);
    rand_s(&high);
    return (uint64_t)high << 32 | low;
}

uint64_t platform_now_ns(void)
{
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    uint64_t whole = (uint64_t)(count.QuadPart / frequency.QuadPart), rest = (uint64_t)(count.QuadPart % frequency.QuadPart);
    return whole * 1000000000u + rest * 1000000000u / (uint64_t)frequency.QuadPart;
}

void event_init(struct map_event *event)
{
    event->waiters = 0;
    InitializeSRWLock(&event->lock);
    InitializeConditionVariable(&event->condition);
}

void event_destroy(struct map_event *event)
{
    (void)event;
}

static void event_lock(struct map_event *event) { AcquireSRWLockExclusive(&event->lock); }
static void event_unlock(struct map_event *event) { ReleaseSRWLockExclusive(&event->lock); }
static void event_wake(struct map_event *event) { WakeAllConditionVariable(&event->condition); }

static void event_sleep(struct map_event *event, uint64_t deadline)
{
    uint64_t now = platform_now_ns();
    if (now < deadline) {
        uint64_t ms = (deadline - now + 999999) / 1000000;
        SleepConditionVariableSRW(&event->condition, &event->lock, ms < 1000000 ? (DWORD)ms : 1000000, 0);
    }
}

#else

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif
#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

void *platform_pages(uint64_t bytes)
{
    if (bytes > (uint64_t)SIZE_MAX / 2)
        return NULL;
    void *pages = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void platform_pages_free(void *pages, uint64_t bytes)
{
    munmap(pages, (size_t)bytes);
}

uint64_t platform_page_bytes(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t platform_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t platform_random(void)
{
    uint64_t value = 0;
#if defined(__APPLE__)
    arc4random_buf(&value, sizeof value);
#else
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != (ssize_t)sizeof value)
        value = platform_now_ns() ^ (uint64_t)(uintptr_t)&value << 20;
#endif
    return value;
}

void event_init(struct map_event *event)
{
    event->waiters = 0;
    pthread_mutex_init(&event->lock, NULL);
    pthread_cond_init(&event->condition, NULL);
}

void event_destroy(struct map_event *event)
{
    pthread_cond_destroy(&event->condition);
    pthread_mutex_destroy(&event->lock);
}

static void event_lock(struct map_event *event) { pthread_mutex_lock(&event->lock); }
static void event_unlock(struct map_event *event) { pthread_mutex_unlock(&event->lock); }
static void event_wake(struct map_event *event) { pthread_cond_broadcast(&event->condition); }

/* The condition's clock is the wall clock (macOS has no other); the caller's deadline is monotonic, and it looks again. */
static void event_sleep(struct map_event *event, uint64_t deadline)
{
    uint64_t now = platform_now_ns();
    if (now >= deadline)
        return;
    uint64_t left = deadline - now;
    if (left > 1000000000u)
        left = 1000000000u;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    uint64_t nanoseconds = (uint64_t)until.tv_nsec + left;
    until.tv_sec += (time_t)(nanoseconds / 1000000000u);
    until.tv_nsec = (long)(nanoseconds % 1000000000u);
    pthread_cond_timedwait(&event->condition, &event->lock, &until);
}

#endif

void event_signal(struct map_event *event)
{
    /* Pairs with the increment in event_wait: either the waiter sees what was published before, or we see the waiter. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&event->waiters, __ATOMIC_SEQ_CST) == 0)
        return;
    event_lock(event);
    event_wake(event);
    event_unlock(event);
}

bool event_wait(struct map_event *event, bool (*ready)(void *), void *argument, int64_t timeout_ns)
{
    if (ready(argument) || timeout_ns == 0)
        return ready(argument);
    uint64_t deadline = timeout_ns < 0 ? UINT64_MAX : platform_now_ns() + (uint64_t)timeout_ns;
    event_lock(event);
    __atomic_fetch_add(&event->waiters, 1, __ATOMIC_SEQ_CST);
    bool done = ready(argument);
    while (!done && platform_now_ns() < deadline) {
        event_sleep(event, deadline);
        done = ready(argument);
    }
    __atomic_fetch_sub(&event->waiters, 1, __ATOMIC_SEQ_CST);
    event_unlock(event);
    return done;
}

static uint32_t threads_seen;
_Thread_local uint32_t platform_thread_number;

uint32_t platform_new_thread(void)
{
    platform_thread_number = __atomic_add_fetch(&threads_seen, 1, __ATOMIC_RELAXED);
    return platform_thread_number;
}
