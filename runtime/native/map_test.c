/* Drivers for tests and benchmarks of maps: loops that would be too slow, or too well ordered, from Python.
 *
 * Each is called on a thread of its own (ctypes lets go of the interpreter lock) and returns the number of wrong results.
 */
#include "map_internal.h"

struct test_random {
    uint64_t state;
};

static uint64_t next_random(struct test_random *random)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return random->state;
}

static uint64_t scramble(uint64_t a, uint64_t b)
{
    a = (a ^ b * 0x9e3779b97f4a7c15u) * 0xd6e8feb86659fd93u;
    return a ^ a >> 32;
}

static struct test_random seeded(uint64_t seed)
{
    return (struct test_random){scramble(seed, 12345) | 1};
}

/* ---- many threads on one map ---- */

struct test_value {
    uint64_t key, version, check;
};

struct test_counts {
    uint64_t hits, misses, updates, deletes, refused;
};

static bool whole(const struct test_value *value, uint64_t key)
{
    struct test_value copy;
    copy_out(&copy, value, sizeof copy);
    return copy.key == key && copy.check == scramble(copy.key, copy.version);
}

/* What this thread expects of one of its own keys. */
static bool as_expected(const struct test_value *found, uint64_t version, bool may_vanish)
{
    if (!found)
        return version == 0 || may_vanish;
    return version != 0 && __atomic_load_n(&found->version, __ATOMIC_RELAXED) == version;
}

static bool change(struct bpfcc_map *map, struct test_random *random, uint64_t key, uint64_t *version, uint64_t counter, bool may_vanish, struct test_counts *counts)
{
    if (next_random(random) % 4 == 0) {
        int error = bpfcc_map_delete(map, &key);
        bool ok = error == 0 ? *version != 0 : error == -E_NOENT && (*version == 0 || may_vanish);
        *version = 0;
        counts->deletes++;
        return ok;
    }
    struct test_value value = {key, counter, scramble(key, counter)};
    int error = bpfcc_map_update(map, &key, &value, U_ANY, 0);
    counts->updates++;
    if (error == -E_2BIG) {
        counts->refused++;
        return *version == 0 && !may_vanish;
    }
    *version = counter;
    return error == 0;
}

/* Where every spare slot is in use, a value that another thread replaces (or an LRU map evicts) is used again while we look
 * at it: then the map has something else for us when asked again. */
static bool right(struct bpfcc_map *map, uint64_t key, const struct test_value *found, bool mine, uint64_t version, bool may_vanish)
{
    for (uint32_t tries = 0; tries < 3; tries++) {
        bool ok = !found || whole(found, key);
        if (mine)
            ok = ok && as_expected(found, version, may_vanish);
        if (ok)
            return true;
        if (mine && !may_vanish) /* nobody but us can have replaced it */
            return false;
        found = bpfcc_map_lookup_inline(map, &key, 0);
    }
    return false;
}

/* Keys 0..keys-1 of 8 bytes, values struct test_value. This thread alone writes keys k with k % threads == thread and
 * knows what they must be; of all others a value has to be whole. `versions`: zeroed, one for each key; afterwards what
 * the map must hold. may_vanish: an LRU map. */
BPFCC_API uint64_t bpfcc_test_mixed(struct bpfcc_map *map, uint32_t thread, uint32_t threads, uint64_t keys, uint64_t steps, int may_vanish, uint64_t *versions, uint64_t *counts);

uint64_t bpfcc_test_mixed(struct bpfcc_map *map, uint32_t thread, uint32_t threads, uint64_t keys, uint64_t steps, int may_vanish, uint64_t *versions, uint64_t *counts)
{
    struct test_random random = seeded(thread + 1);
    struct test_counts *count = (struct test_counts *)(void *)counts;
    uint64_t wrong = 0;
    for (uint64_t step = 1; step <= steps; step++) {
        uint64_t key = next_random(&random) % keys;
        uint32_t ticket = bpfcc_run_enter();
        if (next_random(&random) % 4) {
            const struct test_value *found = bpfcc_map_lookup_inline(map, &key, 0);
            bool mine = key % threads == thread;
            count->hits += found != NULL;
            count->misses += found == NULL;
            wrong += !right(map, key, found, mine, mine ? versions[key] : 0, may_vanish != 0);
        } else {
            key = key / threads * threads + thread;
            if (key < keys)
                wrong += !change(map, &random, key, &versions[key], step, may_vanish != 0, count);
        }
        bpfcc_run_leave(ticket);
    }
    return wrong;
}

/* One long run on a small map: every replaced value is used again early. Values must stay whole as long as nobody else
 * writes them, lookups must find what is there. */
BPFCC_API uint64_t bpfcc_test_churn(struct bpfcc_map *map, uint32_t thread, uint32_t threads, uint64_t keys, uint64_t steps);

uint64_t bpfcc_test_churn(struct bpfcc_map *map, uint32_t thread, uint32_t threads, uint64_t keys, uint64_t steps)
{
    struct test_random random = seeded(thread + 77);
    uint64_t wrong = 0;
    uint32_t ticket = bpfcc_run_enter();
    for (uint64_t step = 1; step <= steps; step++) {
        uint64_t key = next_random(&random) % keys / threads * threads + thread;
        struct test_value value = {key, step, scramble(key, step)};
        if (key >= keys)
            continue;
        wrong += bpfcc_map_update(map, &key, &value, U_ANY, 0) != 0;
        const struct test_value *found = bpfcc_map_lookup_inline(map, &key, 0);
        wrong += !found || !whole(found, key) || !as_expected(found, step, false);
        key = next_random(&random) % keys;
        found = bpfcc_map_lookup_inline(map, &key, 0);
        wrong += found && __atomic_load_n(&found->key, __ATOMIC_RELAXED) >= keys; /* another thread's: some value of this map */
    }
    bpfcc_run_leave(ticket);
    return wrong;
}

/* Adds 1 to a counter of this thread's CPU, for random keys; inserts what is missing. */
BPFCC_API uint64_t bpfcc_test_count(struct bpfcc_map *map, uint32_t cpu, uint64_t keys, uint64_t steps);

uint64_t bpfcc_test_count(struct bpfcc_map *map, uint32_t cpu, uint64_t keys, uint64_t steps)
{
    struct test_random random = seeded(cpu + 1);
    uint64_t wrong = 0;
    for (uint64_t step = 0; step < steps; step++) {
        uint64_t key = next_random(&random) % keys, zero = 0;
        uint64_t *found = bpfcc_map_lookup_inline(map, &key, cpu);
        if (!found) {
            int error = bpfcc_map_update(map, &key, &zero, U_NOEXIST, cpu);
            wrong += error != 0 && error != -E_EXIST;
            found = bpfcc_map_lookup_inline(map, &key, cpu);
        }
        if (found)
            __atomic_store_n(found, __atomic_load_n(found, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED); /* nobody else writes this copy */
        else
            wrong++;
    }
    return wrong;
}

/* ---- LPM ---- */

struct test_prefix {
    uint32_t length;
    uint8_t data[16];
};

/* A value names its prefix: length << 32 | first 32 bits. */
static uint64_t prefix_value(uint32_t length, uint32_t address)
{
    return (uint64_t)length << 32 | (length ? address >> (32 - length) << (32 - length) : 0);
}

static void set_prefix(struct test_prefix *prefix, uint32_t length, uint32_t address)
{
    prefix->length = length;
    for (uint32_t i = 0; i < 4; i++)
        prefix->data[i] = (uint8_t)(address >> (24 - 8 * i));
}

/* IPv4 keys. Prefixes of 8 bits are all there and stay. Writers (odd `role`) insert and delete longer ones at random, each
 * in its own part of the addresses; readers check that what they find contains the address. */
BPFCC_API uint64_t bpfcc_test_prefixes(struct bpfcc_map *map, uint32_t thread, int writes, uint64_t steps);

uint64_t bpfcc_test_prefixes(struct bpfcc_map *map, uint32_t thread, int writes, uint64_t steps)
{
    struct test_random random = seeded(thread + 5);
    struct test_prefix prefix = {0, {0}};
    uint64_t wrong = 0;
    for (uint64_t step = 0; step < steps; step++) {
        uint64_t bits = next_random(&random);
        uint32_t address = (uint32_t)bits & 0x07ff3f3f, length = 9 + (uint32_t)(bits >> 40) % 24;
        if (writes) {
            address = (address & 0x07ffffff) | thread << 28;
            uint64_t value = prefix_value(length, address);
            set_prefix(&prefix, length, address);
            int error = bits >> 63 ? bpfcc_map_update(map, &prefix, &value, U_ANY, 0) : bpfcc_map_delete(map, &prefix);
            wrong += error != 0 && error != -E_NOENT && error != -E_NOSPC;
            continue;
        }
        address |= (uint32_t)(bits >> 32) << 28;
        set_prefix(&prefix, 32, address);
        uint32_t ticket = bpfcc_run_enter();
        const uint64_t *found = bpfcc_map_lookup_inline(map, &prefix, 0);
        uint64_t value = found ? __atomic_load_n(found, __ATOMIC_RELAXED) : 0;
        bpfcc_run_leave(ticket);
        wrong += !found || value >> 32 < 8 || value != prefix_value((uint32_t)(value >> 32), address);
    }
    return wrong;
}

/* ---- ring ---- */

struct test_record {
    uint64_t producer, sequence, check;
};

/* Puts `records` records of varying length in; waits where the ring is full. Every 16th is discarded. */
BPFCC_API uint64_t bpfcc_test_produce(struct bpfcc_map *map, uint32_t producer, uint64_t records);

uint64_t bpfcc_test_produce(struct bpfcc_map *map, uint32_t producer, uint64_t records)
{
    struct test_random random = seeded(producer + 1);
    uint64_t full = 0;
    for (uint64_t sequence = 0; sequence < records;) {
        uint64_t size = sizeof(struct test_record) + next_random(&random) % 40;
        struct test_record *record = bpfcc_ring_reserve(map, size, 0);
        if (!record) {
            full++;
            thread_yield();
            continue;
        }
        struct test_record content = {producer, sequence, scramble(producer, sequence)};
        memcpy(record, &content, sizeof content);
        memset((uint8_t *)record + sizeof content, (int)(sequence & 0xff), size - sizeof content);
        if (sequence % 16 == 15 && !(next_random(&random) & 1)) {
            bpfcc_ring_commit(map, record, 0, 1); /* and the same number again */
            continue;
        }
        bpfcc_ring_commit(map, record, 0, 0);
        sequence++;
    }
    return full;
}

static uint64_t check_record(const uint8_t *bytes, uint32_t length, uint32_t producers, uint64_t *expected)
{
    struct test_record record;
    if (length < sizeof record)
        return 1;
    memcpy(&record, bytes, sizeof record);
    if (record.producer >= producers || record.check != scramble(record.producer, record.sequence))
        return 1;
    for (uint32_t i = sizeof record; i < length; i++) {
        if (bytes[i] != (uint8_t)record.sequence)
            return 1;
    }
    return record.sequence != expected[record.producer]++;
}

/* Takes `records` records out and checks each, and each producer's order. */
BPFCC_API uint64_t bpfcc_test_consume(struct bpfcc_map *map, uint32_t producers, uint64_t records, uint64_t *expected);

uint64_t bpfcc_test_consume(struct bpfcc_map *map, uint32_t producers, uint64_t records, uint64_t *expected)
{
    uint64_t buffer[2048], seen = 0, wrong = 0, needed = 0, empty = 0;
    while (seen < records && empty < 100) {
        if (bpfcc_ring_wait(map, 100) <= 0) {
            empty++;
            continue;
        }
        int64_t used = bpfcc_ring_read(map, buffer, sizeof buffer, &needed);
        if (used < 0)
            return wrong + 1;
        for (int64_t at = 0; at < used; seen++) {
            const uint8_t *record = (const uint8_t *)buffer + at;
            uint32_t length;
            memcpy(&length, record, 4);
            wrong += check_record(record + 4, length, producers, expected);
            at += (int64_t)ROUND_UP((uint64_t)length + 4, 8);
        }
    }
    return wrong + (records - seen);
}

/* ---- benchmarks ---- */

enum bench_operation { BENCH_LOOKUP = 0, BENCH_UPDATE = 1, BENCH_ARRAY = 2, BENCH_INSERT = 3, BENCH_DELETE = 4, BENCH_RING = 5, BENCH_EMPTY = 6 };

struct bench {
    struct bpfcc_map *map;
    const uint8_t *keys; /* rows of 64 keys, `stride` bytes apart */
    uint32_t stride, rows;
    uint64_t next;       /* BENCH_INSERT: 8-byte keys count up from here */
};

static __attribute__((noinline)) uint64_t bench_row(struct bench *bench, const uint8_t *row, uint32_t operation)
{
    uint64_t sum = 0, value[8] = {1};
    for (uint32_t i = 0; i < 64; i++) {
        const void *key = row + (uint64_t)i * bench->stride;
        const uint64_t *found;
        switch (operation) {
        case BENCH_LOOKUP:
            found = bpfcc_map_lookup_inline(bench->map, key, 0);
            sum += found ? *found : 1;
            break;
        case BENCH_ARRAY:
            found = bpfcc_array_lookup_inline(bench->map, *(const uint32_t *)key, 0);
            sum += found ? *found : 1;
            break;
        case BENCH_UPDATE: sum += (uint64_t)bpfcc_map_update(bench->map, key, value, U_ANY, 0); break;
        case BENCH_DELETE: sum += (uint64_t)bpfcc_map_delete(bench->map, key); break;
        case BENCH_INSERT: {
            uint64_t fresh = bench->next++;
            sum += (uint64_t)bpfcc_map_update(bench->map, &fresh, value, U_ANY, 0);
            break;
        }
        case BENCH_RING: sum += (uint64_t)bpfcc_ring_output(bench->map, key, 8, 1 /* no wakeup */); break;
        default: sum += *(const uint8_t *)key;
        }
    }
    return sum;
}

/* Nanoseconds for rounds * 64 operations; `sum` keeps the compiler honest. */
BPFCC_API uint64_t bpfcc_bench_map(struct bpfcc_map *map, uint32_t operation, const void *keys, uint32_t stride, uint32_t rows, uint64_t first, uint64_t rounds, uint64_t *sum);

uint64_t bpfcc_bench_map(struct bpfcc_map *map, uint32_t operation, const void *keys, uint32_t stride, uint32_t rows, uint64_t first, uint64_t rounds, uint64_t *sum)
{
    struct bench bench = {map, keys, stride, rows, first};
    uint32_t ticket = bpfcc_run_enter();
    uint64_t begin = platform_now_ns();
    for (uint64_t round = 0; round < rounds; round++)
        *sum += bench_row(&bench, bench.keys + (round % rows) * 64 * stride, operation);
    uint64_t end = platform_now_ns();
    bpfcc_run_leave(ticket);
    return end - begin;
}
