/* Clocks, random numbers, and who is running: what the caller supplied. */
#if !defined(_WIN32)
#define _GNU_SOURCE
#endif
#include "helper.h"

#include <time.h>
#if defined(_WIN32)
#include <windows.h>
#endif

enum { JIFFIES_PER_SECOND = 250 };

static int driven(const struct bpfcc_state *state)
{
    return atomic_load_explicit(&((struct bpfcc_state *)state)->clock_mode, memory_order_relaxed) == BPFCC_CLOCK_DRIVEN;
}

static uint64_t wall_ns(void)
{
#if defined(_WIN32)
    FILETIME file;
    GetSystemTimeAsFileTime(&file);
    uint64_t ticks = (uint64_t)file.dwHighDateTime << 32 | file.dwLowDateTime;
    return (ticks - 116444736000000000u) * 100; /* from 1601 to 1970, in units of 100 ns */
#else
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}

static uint64_t boot_ns(void)
{
#if defined(CLOCK_BOOTTIME)
    struct timespec now;
    if (!clock_gettime(CLOCK_BOOTTIME, &now))
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
    return bpfcc_clock_ns();
}

HELPER(ktime_get_ns)
{
    return bpfcc_state_now(run->state);
}

HELPER(ktime_get_boot_ns)
{
    return driven(run->state) ? bpfcc_state_now(run->state) + run->state->boot_offset_ns : boot_ns();
}

HELPER(ktime_get_coarse_ns)
{
    uint64_t tick = 1000000000u / JIFFIES_PER_SECOND;
    return bpfcc_state_now(run->state) / tick * tick;
}

HELPER(ktime_get_tai_ns)
{
    if (driven(run->state))
        return bpfcc_state_now(run->state) + run->state->real_offset_ns + run->state->tai_offset_ns;
    return wall_ns() + run->state->tai_offset_ns;
}

HELPER(jiffies64)
{
    return bpfcc_state_now(run->state) / (1000000000u / JIFFIES_PER_SECOND);
}

/* A counter per CPU through a mixing function: repeatable from the seed, and no two threads share a word. */
HELPER(get_prandom_u32)
{
    struct bpfcc_state *state = run->state;
    uint64_t count = atomic_fetch_add_explicit(&state->random[run->cpu % BPFCC_RANDOM_LANES].count, 1, memory_order_relaxed);
    uint64_t z = state->seed + (count + 1) * 0x9e3779b97f4a7c15u + (uint64_t)run->cpu * 0xd1342543de82ef95u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ z >> 31) >> 32);
}

HELPER(get_smp_processor_id) { return run->cpu; }
HELPER(get_numa_node_id) { return run->state->task.numa_node; }
HELPER(get_current_pid_tgid) { return run->state->task.pid_tgid; }
HELPER(get_current_uid_gid) { return run->state->task.uid_gid; }

HELPER(get_current_comm)
{
    uint32_t size = (uint32_t)r2;
    char *out = bpfcc_access(run, r1, size, 1);
    if (!out || !size)
        return BPFCC_ERR(BPFCC_EINVAL);
    /* Linux pads the rest of the buffer with zeros. */
    memset(out, 0, size);
    size_t length = strnlen(run->state->task.comm, sizeof run->state->task.comm);
    memcpy(out, run->state->task.comm, length < size ? length : size - 1);
    return 0;
}

/* A caller without a task has none to show: then these are refused at prepare (`needs_task` of the platform's table). */
HELPER(get_current_task) { return run->state->task.task; }
HELPER(get_current_task_btf) { return run->state->task.task; }
HELPER(get_current_cgroup_id) { return run->state->task.cgroup_id; }

HELPER(get_current_ancestor_cgroup_id)
{
    const struct bpfcc_task *task = &run->state->task;
    int32_t level = (int32_t)r1;
    return level >= 0 && (uint32_t)level < task->ancestor_count ? task->ancestors[level] : 0;
}

/* Entries of a cgroup array are ids of cgroups; 0 is empty. */
HELPER(current_task_under_cgroup)
{
    struct bpfcc_bound_map *bound = bpfcc_map_argument(run, r1);
    const struct bpfcc_task *task = &run->state->task;
    uint32_t index = (uint32_t)r2, id = 0;
    if (!bound)
        return BPFCC_ERR(BPFCC_EINVAL);
    if (index >= bound->max_entries)
        return BPFCC_ERR(BPFCC_E2BIG);
    const void *value = bpfcc_map_lookup(bound->map, &index, run->cpu);
    if (value)
        memcpy(&id, value, sizeof id);
    if (!id)
        return BPFCC_ERR(BPFCC_EAGAIN);
    for (uint32_t i = 0; i < task->ancestor_count; i++)
        if ((uint32_t)task->ancestors[i] == id)
            return 1;
    return (uint32_t)task->cgroup_id == id;
}

HELPER(get_netns_cookie) { return run->state->task.netns_cookie; }
HELPER(get_socket_cookie) { return run->state->task.socket_cookie; }
HELPER(get_socket_uid) { return run->state->task.socket_uid; }
HELPER(get_attach_cookie) { return run->outcome->attach_cookie; }
HELPER(get_func_ip) { return run->outcome->function_ip; }

HELPER(get_retval) { return (uint64_t)(int64_t)run->outcome->retval; }

HELPER(set_retval)
{
    run->outcome->retval = (int32_t)r1;
    return 0;
}

HELPER(override_return)
{
    run->outcome->overridden = 1;
    run->outcome->override_value = r2;
    return 0;
}

static uint64_t signal_record(struct bpfcc_run *run, uint32_t number, uint32_t thread)
{
    uint8_t bytes[8];
    bpfcc_put32(bytes, number);
    bpfcc_put32(bytes + 4, thread);
    if (number > 64)
        return BPFCC_ERR(BPFCC_EINVAL);
    bpfcc_log_add(run, BPFCC_LOG_SIGNAL, bytes, sizeof bytes, NULL, 0);
    return 0;
}

HELPER(send_signal) { return signal_record(run, (uint32_t)r1, 0); }
HELPER(send_signal_thread) { return signal_record(run, (uint32_t)r1, 1); }
