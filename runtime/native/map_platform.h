/* What differs between systems and compilers: pages, yielding, waiting, time, randomness. */
#ifndef BPFCC_MAP_PLATFORM_H
#define BPFCC_MAP_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <pthread.h>
#include <sched.h>
#endif

#define MAP_INLINE static inline __attribute__((always_inline))
#define MAP_LIKELY(x) __builtin_expect(!!(x), 1)
#define MAP_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define MAP_LINE 64

#if defined(__SANITIZE_THREAD__)
#define MAP_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MAP_TSAN 1
#endif
#endif

/* Linux's error numbers: the contract of bpfcc.h, whatever <errno.h> says here. */
enum {
    E_PERM = 1, E_NOENT = 2, E_2BIG = 7, E_AGAIN = 11, E_NOMEM = 12, E_ACCES = 13, E_BUSY = 16, E_EXIST = 17,
    E_NODEV = 19, E_INVAL = 22, E_NOSPC = 28, E_OVERFLOW = 75, E_OPNOTSUPP = 95, E_TIMEDOUT = 110, E_NOTSUPP = 524,
};

MAP_INLINE void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline void thread_yield(void)
{
#if defined(_WIN32)
    SwitchToThread();
#else
    sched_yield();
#endif
}

/* A locked read-modify-write on x86 orders everything; elsewhere a fence is needed. */
MAP_INLINE void fence_after_rmw(void)
{
#if !(defined(__x86_64__) || defined(__i386__))
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* ThreadSanitizer has no model of fences; every datum they order here is itself atomic. */
MAP_INLINE void fence_acquire(void)
{
#if !defined(MAP_TSAN)
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
#endif
}

MAP_INLINE void fence_release(void)
{
#if !defined(MAP_TSAN)
    __atomic_thread_fence(__ATOMIC_RELEASE);
#endif
}

MAP_INLINE void spin_wait(uint32_t *spins)
{
    if (++*spins < 100)
        cpu_relax();
    else
        thread_yield();
}

MAP_INLINE bool spin_trylock(uint32_t *lock)
{
    return __atomic_load_n(lock, __ATOMIC_RELAXED) == 0 && __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) == 0;
}

MAP_INLINE void spin_lock(uint32_t *lock)
{
    uint32_t spins = 0;
    while (MAP_UNLIKELY(__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0)) {
        while (__atomic_load_n(lock, __ATOMIC_RELAXED) != 0)
            spin_wait(&spins);
    }
}

MAP_INLINE void spin_unlock(uint32_t *lock)
{
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

/* Something that producers signal and one consumer or more wait for. Lives in the process, not in an arena. */
struct map_event {
    uint32_t waiters;
#if defined(_WIN32)
    SRWLOCK lock;
    CONDITION_VARIABLE condition;
#else
    pthread_mutex_t lock;
    pthread_cond_t condition;
#endif
};

/* Zeroed pages, committed when touched (on Windows: charged at once); NULL when there is no room. */
void *platform_pages(uint64_t bytes);
void platform_pages_free(void *pages, uint64_t bytes);
uint64_t platform_page_bytes(void);
uint64_t platform_random(void);
uint64_t platform_now_ns(void);
/* A small number of this thread, for choosing shards. */
#if defined(__GLIBC__)
/* The library is loaded late, but these four bytes fit into what glibc keeps for that (musl keeps nothing). */
extern _Thread_local uint32_t platform_thread_number __attribute__((tls_model("initial-exec"), visibility("hidden")));
#else
extern _Thread_local uint32_t platform_thread_number;
#endif
uint32_t platform_new_thread(void);

MAP_INLINE uint32_t platform_thread(void)
{
    uint32_t number = platform_thread_number;
    return MAP_LIKELY(number) ? number : platform_new_thread();
}

void event_init(struct map_event *event);
void event_destroy(struct map_event *event);
void event_signal(struct map_event *event);
/* Waits until `ready(argument)` or the time is over; returns the last answer of `ready`. */
bool event_wait(struct map_event *event, bool (*ready)(void *), void *argument, int64_t timeout_ns);

#endif
