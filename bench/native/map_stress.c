/* Many threads on every concurrent kind of map, for the sanitizers:
 *
 *   cc -std=c11 -g -O1 -fsanitize=thread bench/native/map_stress.c runtime/native/{arena,epoch,map*,ring*}.c -lpthread -o stress && ./stress
 *
 * (also with -fsanitize=address,undefined). Exits with 1 when any result was wrong.
 */
#include "../../runtime/native/bpfcc.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8 };

uint64_t bpfcc_test_mixed(struct bpfcc_map *, uint32_t, uint32_t, uint64_t, uint64_t, int, uint64_t *, uint64_t *);
uint64_t bpfcc_test_churn(struct bpfcc_map *, uint32_t, uint32_t, uint64_t, uint64_t);
uint64_t bpfcc_test_count(struct bpfcc_map *, uint32_t, uint64_t, uint64_t);
uint64_t bpfcc_test_prefixes(struct bpfcc_map *, uint32_t, int, uint64_t);
uint64_t bpfcc_test_produce(struct bpfcc_map *, uint32_t, uint64_t);
uint64_t bpfcc_test_consume(struct bpfcc_map *, uint32_t, uint64_t, uint64_t *);

static uint64_t steps = 100000;

struct job {
    struct bpfcc_map *map;
    uint32_t thread;
    uint64_t keys, wrong;
    void (*work)(struct job *);
};

static void mixed(struct job *job)
{
    uint64_t *versions = calloc(job->keys, 8), counts[5] = {0};
    job->wrong = bpfcc_test_mixed(job->map, job->thread, THREADS, job->keys, steps, 0, versions, counts);
    free(versions);
}

static void mixed_lru(struct job *job)
{
    uint64_t *versions = calloc(job->keys, 8), counts[5] = {0};
    job->wrong = bpfcc_test_mixed(job->map, job->thread, THREADS, job->keys, steps, 1, versions, counts);
    free(versions);
}

static void churn(struct job *job) { job->wrong = bpfcc_test_churn(job->map, job->thread, THREADS, job->keys, steps); }
static void count(struct job *job) { job->wrong = bpfcc_test_count(job->map, job->thread, job->keys, steps); }
static void prefixes(struct job *job) { job->wrong = bpfcc_test_prefixes(job->map, job->thread, job->thread < 2, steps); }

static void ring(struct job *job)
{
    uint64_t expected[THREADS] = {0};
    if (job->thread == THREADS - 1)
        job->wrong = bpfcc_test_consume(job->map, THREADS - 1, (THREADS - 1) * (steps / 10), expected);
    else
        bpfcc_test_produce(job->map, job->thread, steps / 10);
}

/* Whole-map operations while others write. */
static void walk(struct job *job)
{
    if (job->thread > 1) {
        churn(job);
        return;
    }
    uint64_t keys[64], values[64 * 3];
    for (uint64_t i = 0; i < steps / 100; i++) {
        uint64_t cursor = 0;
        int n;
        while ((n = bpfcc_map_batch(job->map, &cursor, keys, values, 64)) > 0) {
            for (int k = 0; k < n; k++)
                job->wrong += keys[k] >= job->keys || values[3 * k] != keys[k];
        }
        job->wrong += n < 0;
    }
}

static void *start(void *job)
{
    ((struct job *)job)->work(job);
    return NULL;
}

static uint64_t run(const char *name, struct bpfcc_map_def def, uint64_t keys, void (*work)(struct job *))
{
    struct job jobs[THREADS];
    pthread_t threads[THREADS];
    struct bpfcc_map *map;
    uint64_t wrong = 0;
    if (bpfcc_map_create(&def, &map))
        return 1;
    for (uint32_t i = 0; def.type == 11 && i < 256; i++) {
        uint8_t key[8] = {8, 0, 0, 0, (uint8_t)i};
        uint64_t value = (uint64_t)8 << 32 | i << 24;
        wrong += bpfcc_map_write(map, key, &value, 0) != 0;
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){map, i, keys, 0, work};
        pthread_create(&threads[i], NULL, start, &jobs[i]);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        wrong += jobs[i].wrong;
    }
    bpfcc_map_free(map);
    printf("%-24s wrong results: %llu\n", name, (unsigned long long)wrong);
    fflush(stdout);
    return wrong;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        steps = strtoull(argv[1], NULL, 10);
    uint64_t wrong = 0;
    wrong += run("hash", (struct bpfcc_map_def){1, 8, 24, 4000, 0, 1, 0}, 4000, mixed);
    wrong += run("hash, one bucket", (struct bpfcc_map_def){1, 8, 24, 64, 0, 1, 0}, 64, mixed);
    wrong += run("hash, reuse", (struct bpfcc_map_def){1, 8, 24, 64, 0, 1, 0}, 64, churn);
    wrong += run("hash, walked", (struct bpfcc_map_def){1, 8, 24, 256, 0, 1, 0}, 256, walk);
    wrong += run("lru_hash", (struct bpfcc_map_def){9, 8, 24, 2000, 0, 1, 0}, 4000, mixed_lru);
    wrong += run("lru_hash, small", (struct bpfcc_map_def){9, 8, 24, 32, 0, 1, 0}, 100, mixed_lru);
    wrong += run("percpu_hash", (struct bpfcc_map_def){5, 8, 8, 1000, 0, THREADS, 0}, 1000, count);
    wrong += run("lpm_trie", (struct bpfcc_map_def){11, 8, 8, 100000, 1, 1, 0}, 0, prefixes);
    wrong += run("ringbuf", (struct bpfcc_map_def){27, 0, 0, 65536, 0, 1, 0}, 0, ring);
    return wrong != 0;
}
