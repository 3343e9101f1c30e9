/* lpm_trie: longest prefix match.
 *
 * The authority is a binary trie with compressed paths, as in Linux: exact match, deletion and the order of walking
 * (postorder) come from it. Where many prefixes lie below a node, the node carries a jump table: for each value of the
 * next 4 or 8 bits, the first node beyond them and the longest prefix within them. A table is computed from the trie
 * only, so whoever changes the trie refreshes the few entries that cover the change.
 *
 *   root ─ table of 8 bits ─▶ node ─ table of 4 bits ─▶ node ─ bit ─▶ node
 *
 * One writer at a time; readers take no lock. A node is linked in by one store after it is complete. Nodes and tables
 * that were unlinked are used again at once: their memory always holds valid numbers, a path only ever gets longer, and
 * a reader that finds the version changed by a deletion looks again.
 */
#include "map_internal.h"
#include "map_pool.h"

enum {
    DATA_MAX = 256, WORDS_MAX = DATA_MAX / 8, DEPTH_MAX = DATA_MAX * 8 + 2, ROOT = 1, TRIES = 64,
    SMALL_BITS = 4, LARGE_BITS = 8,
    SMALL_AT = 8, LARGE_AT = 96, /* nodes below, from which a table pays */
    SMALL_OFF = 3, LARGE_OFF = 40,
};
#define LARGE_TABLE 0x80000000u

struct lpm_node {
    uint32_t table;    /* 0 = none; number of a small table, or of a large one with LARGE_TABLE */
    uint32_t weight;   /* nodes below */
    uint32_t child[2]; /* child[0] links free nodes */
    uint32_t value;    /* slot of the value; stays after the prefix was deleted */
    uint16_t bits;
    uint16_t real;     /* a prefix of the map; otherwise only a fork */
    uint64_t words[];  /* the key's data, first bit highest; what follows `bits` bits is as the caller gave it */
};

/* Jump table entry: node beyond << 32 | longest prefix within. */

struct lpm_shared {
    _Alignas(MAP_LINE) uint32_t lock;
    uint32_t count;
    uint32_t nodes_used, nodes_free;
    uint32_t small_used, small_free, large_used, large_free;
    _Alignas(MAP_LINE) uint32_t version; /* moves when something was unlinked */
    _Alignas(MAP_LINE) struct pool_shared pool;
};

struct lpm_map {
    struct bpfcc_map map;
    uint8_t *nodes;
    uint64_t *small, *large;
    uint32_t node_bytes, words, data_bytes, max_bits;
    uint32_t small_tables, large_tables;
    struct lpm_shared *shared;
    struct pool pool;
};

MAP_INLINE struct lpm_node *node_at(const struct lpm_map *lpm, uint32_t index)
{
    return (struct lpm_node *)(void *)(lpm->nodes + (uint64_t)index * lpm->node_bytes);
}

MAP_INLINE uint64_t *table_at(const struct lpm_map *lpm, uint32_t table)
{
    return table & LARGE_TABLE ? lpm->large + ((uint64_t)(table & ~LARGE_TABLE) << LARGE_BITS) : lpm->small + ((uint64_t)table << SMALL_BITS);
}

MAP_INLINE uint32_t table_bits(uint32_t table)
{
    return table & LARGE_TABLE ? LARGE_BITS : SMALL_BITS;
}

/* ---- bits of keys ---- */

MAP_INLINE uint64_t big_endian(const uint8_t *bytes, uint32_t size)
{
    uint64_t word = 0;
    memcpy(&word, bytes, size);
    return __builtin_bswap64(word);
}

MAP_INLINE void load_key(uint64_t *words, const uint8_t *data, uint32_t size)
{
    uint32_t at = 0;
    for (; at + 8 <= size; at += 8)
        words[at / 8] = big_endian(data + at, 8);
    if (at < size)
        words[at / 8] = big_endian(data + at, size - at);
}

MAP_INLINE uint64_t word_of(const struct lpm_node *node, uint32_t index)
{
    return __atomic_load_n(&node->words[index], __ATOMIC_RELAXED);
}

MAP_INLINE uint32_t bit_at(const uint64_t *words, uint32_t position)
{
    return (uint32_t)(words[position / 64] >> (63 - position % 64)) & 1;
}

/* `count` (1..8) bits from `position`; zeros follow the key's end. */
MAP_INLINE uint32_t window(const uint64_t *words, uint32_t total, uint32_t position, uint32_t count)
{
    uint32_t index = position / 64, shift = position % 64;
    uint64_t word = words[index] << shift;
    if (shift + count > 64 && index + 1 < total)
        word |= words[index + 1] >> (64 - shift);
    return (uint32_t)(word >> (64 - count));
}

/* Whether key and node agree in bits [from, node's bits); `from` is at most that. */
MAP_INLINE bool agrees(const struct lpm_node *node, const uint64_t *key, uint32_t total, uint32_t from, uint32_t bits)
{
    if (total == 1)
        return bits == 0 || (word_of(node, 0) ^ key[0]) >> (64 - bits) == 0;
    uint32_t index = from / 64;
    for (; index < bits / 64; index++) {
        if (word_of(node, index) != key[index])
            return false;
    }
    return bits % 64 == 0 || (word_of(node, index) ^ key[index]) >> (64 - bits % 64) == 0;
}

/* Length of what key and node have in common, at most `most` bits. */
static uint32_t common(const struct lpm_node *node, const uint64_t *key, uint32_t most)
{
    for (uint32_t index = 0; index * 64 < most; index++) {
        uint64_t different = word_of(node, index) ^ key[index];
        if (different) {
            uint32_t bits = index * 64 + (uint32_t)__builtin_clzll(different);
            return bits < most ? bits : most;
        }
    }
    return most;
}

/* ---- lookup ---- */

MAP_INLINE uint32_t fields_of(const struct lpm_node *node)
{
    /* bits and real in one load */
    return __atomic_load_n((const uint32_t *)(const void *)&node->bits, __ATOMIC_RELAXED);
}

/* The node of the longest prefix, or 0. *again: the path led nowhere because nodes were used again meanwhile. */
MAP_INLINE uint32_t descend(const struct lpm_map *lpm, const uint64_t *key, uint32_t total, uint32_t length, bool *again)
{
    const struct lpm_node *node = node_at(lpm, ROOT);
    uint32_t fields = fields_of(node), best = fields >> 16 ? ROOT : 0, at = 0;
    while (at < length) {
        uint32_t table = __atomic_load_n(&node->table, __ATOMIC_ACQUIRE), next;
        uint32_t width = table_bits(table);
        if (table && at + width <= length) {
            uint64_t entry = __atomic_load_n(&table_at(lpm, table)[window(key, total, at, width)], __ATOMIC_ACQUIRE);
            if ((uint32_t)entry)
                best = (uint32_t)entry;
            next = (uint32_t)(entry >> 32);
        } else {
            next = __atomic_load_n(&node->child[bit_at(key, at)], __ATOMIC_ACQUIRE);
        }
        if (!next)
            break;
        node = node_at(lpm, next);
        fields = fields_of(node);
        uint32_t bits = fields & 0xffff;
        if (MAP_UNLIKELY(bits <= at)) {
            *again = true;
            break;
        }
        if (bits > length || !agrees(node, key, total, at, bits))
            break;
        if (fields >> 16)
            best = next;
        at = bits;
    }
    return best;
}

MAP_INLINE void *value_at(const struct lpm_map *lpm, uint32_t slot)
{
    return lpm->map.head.values + (uint64_t)slot * lpm->map.head.stride;
}

MAP_INLINE void *find(struct lpm_map *lpm, const uint64_t *key, uint32_t total, uint32_t length)
{
    for (uint32_t tries = 0; tries < TRIES; tries++) {
        uint32_t version = __atomic_load_n(&lpm->shared->version, __ATOMIC_ACQUIRE);
        bool again = false;
        uint32_t best = descend(lpm, key, total, length, &again);
        uint32_t slot = best ? __atomic_load_n(&node_at(lpm, best)->value, __ATOMIC_ACQUIRE) : 0;
        fence_acquire();
        if (MAP_LIKELY(!again && __atomic_load_n(&lpm->shared->version, __ATOMIC_RELAXED) == version))
            return slot ? value_at(lpm, slot) : NULL;
    }
    bool again = false;
    spin_lock(&lpm->shared->lock);
    uint32_t best = descend(lpm, key, total, length, &again);
    uint32_t slot = best ? node_at(lpm, best)->value : 0;
    spin_unlock(&lpm->shared->lock);
    return slot ? value_at(lpm, slot) : NULL;
}

MAP_INLINE uint32_t length_of(const void *key)
{
    uint32_t length;
    memcpy(&length, key, 4);
    return length;
}

static void *lpm_lookup_4(struct bpfcc_map *map, const void *key, uint32_t cpu)
{
    (void)cpu;
    uint32_t length = length_of(key);
    uint64_t words[1] = {big_endian((const uint8_t *)key + 4, 4)};
    return length <= 32 ? find((struct lpm_map *)map, words, 1, length) : NULL;
}

static void *lpm_lookup_16(struct bpfcc_map *map, const void *key, uint32_t cpu)
{
    (void)cpu;
    uint32_t length = length_of(key);
    uint64_t words[2] = {big_endian((const uint8_t *)key + 4, 8), big_endian((const uint8_t *)key + 12, 8)};
    return length <= 128 ? find((struct lpm_map *)map, words, 2, length) : NULL;
}

static void *lpm_lookup_any(struct bpfcc_map *map, const void *key, uint32_t cpu)
{
    (void)cpu;
    struct lpm_map *lpm = (struct lpm_map *)map;
    uint32_t length = length_of(key);
    uint64_t words[WORDS_MAX];
    if (length > lpm->max_bits)
        return NULL;
    load_key(words, (const uint8_t *)key + 4, lpm->data_bytes);
    return find(lpm, words, lpm->words, length);
}

/* ---- jump tables, with the lock ---- */

static void refresh_entry(const struct lpm_map *lpm, const struct lpm_node *node, uint64_t *table, uint32_t width, uint32_t index)
{
    uint32_t at = node->bits, end = at + width, best = 0, beyond = 0;
    uint32_t next = node->child[index >> (width - 1)];
    while (next) {
        const struct lpm_node *below = node_at(lpm, next);
        uint32_t known = (below->bits < end ? below->bits : end) - node->bits;
        if ((window(below->words, lpm->words, node->bits, width) ^ index) >> (width - known))
            break;
        if (below->bits >= end) {
            beyond = next;
            break;
        }
        if (below->real)
            best = next;
        at = below->bits;
        next = below->child[index >> (end - 1 - at) & 1];
    }
    __atomic_store_n(&table[index], (uint64_t)beyond << 32 | best, __ATOMIC_RELEASE);
}

/* The entries of a node's table that a prefix below it touches. */
static void refresh(const struct lpm_map *lpm, const struct lpm_node *node, const uint64_t *key, uint32_t bits)
{
    uint32_t width = table_bits(node->table), known = bits - node->bits < width ? bits - node->bits : width;
    uint32_t first = window(key, lpm->words, node->bits, width) >> (width - known) << (width - known);
    uint64_t *table = table_at(lpm, node->table);
    for (uint32_t i = 0; i < (uint32_t)1 << (width - known); i++)
        refresh_entry(lpm, node, table, width, first + i);
}

static uint32_t take_number(uint32_t *free_head, uint32_t *used, uint32_t most, uint64_t *tables, uint32_t width)
{
    if (*free_head) {
        uint32_t number = *free_head;
        *free_head = (uint32_t)tables[(uint64_t)number << width];
        return number;
    }
    return *used < most ? ++*used : 0;
}

static void drop_table(struct lpm_map *lpm, struct lpm_node *node)
{
    struct lpm_shared *shared = lpm->shared;
    uint32_t table = node->table;
    if (!table)
        return;
    __atomic_store_n(&node->table, 0, __ATOMIC_RELEASE);
    __atomic_fetch_add(&shared->version, 1, __ATOMIC_ACQ_REL);
    uint32_t *head = table & LARGE_TABLE ? &shared->large_free : &shared->small_free;
    /* A link is a number of a node, too, as far as a late reader can tell: tables are fewer than nodes. */
    __atomic_store_n(&table_at(lpm, table)[0], *head, __ATOMIC_RELAXED);
    *head = table & ~LARGE_TABLE;
}

static void make_table(struct lpm_map *lpm, struct lpm_node *node, bool is_large)
{
    struct lpm_shared *shared = lpm->shared;
    uint32_t width = is_large ? LARGE_BITS : SMALL_BITS;
    if (node->bits + width > lpm->max_bits)
        return;
    uint32_t number = is_large ? take_number(&shared->large_free, &shared->large_used, lpm->large_tables, lpm->large, LARGE_BITS)
                               : take_number(&shared->small_free, &shared->small_used, lpm->small_tables, lpm->small, SMALL_BITS);
    if (!number)
        return;
    drop_table(lpm, node);
    fence_release();
    uint32_t table = is_large ? number | LARGE_TABLE : number;
    for (uint32_t index = 0; index < (uint32_t)1 << width; index++)
        refresh_entry(lpm, node, table_at(lpm, table), width, index);
    __atomic_store_n(&node->table, table, __ATOMIC_RELEASE);
}

/* Gives each node of a path the table that it deserves. `end`: bits that the tables above have consumed. */
static uint32_t tend_table(struct lpm_map *lpm, struct lpm_node *node, uint32_t end)
{
    if (node->bits < end) {
        drop_table(lpm, node); /* never reached */
        return end;
    }
    uint32_t weight = node->weight;
    bool is_large = (node->table & LARGE_TABLE) != 0, small = node->table && !is_large;
    if (weight >= LARGE_AT && !is_large)
        make_table(lpm, node, true);
    if (weight >= SMALL_AT && !node->table)
        make_table(lpm, node, false);
    else if (is_large && weight < LARGE_OFF)
        make_table(lpm, node, false);
    else if (small && weight < SMALL_OFF)
        drop_table(lpm, node);
    return node->table ? node->bits + table_bits(node->table) : node->bits;
}

/* ---- changing the trie, with the lock ---- */

struct path {
    uint32_t depth;              /* nodes[0..depth) lead to the place, root first */
    uint32_t nodes[DEPTH_MAX];
};

/* Down to the node whose prefix is the key's, or to where it would be inserted: the last node of the path is an ancestor
 * of the key (or the key itself); returns the child that does not agree any more, and how far it does. */
static uint32_t walk(const struct lpm_map *lpm, const uint64_t *key, uint32_t length, struct path *path, uint32_t *shared_bits)
{
    uint32_t index = ROOT;
    path->depth = 0;
    for (;;) {
        const struct lpm_node *node = node_at(lpm, index);
        path->nodes[path->depth++] = index;
        if (node->bits == length)
            return 0;
        index = node->child[bit_at(key, node->bits)];
        if (!index)
            return 0;
        const struct lpm_node *below = node_at(lpm, index);
        uint32_t most = below->bits < length ? below->bits : length;
        *shared_bits = common(below, key, most);
        if (*shared_bits < below->bits)
            return index;
    }
}

static uint32_t new_node(struct lpm_map *lpm, const uint64_t *words, uint32_t bits)
{
    struct lpm_shared *shared = lpm->shared;
    uint32_t index = shared->nodes_free;
    if (index)
        shared->nodes_free = node_at(lpm, index)->child[0];
    else
        index = ++shared->nodes_used;
    struct lpm_node *node = node_at(lpm, index);
    fence_release(); /* as pool_get: seen writes imply a seen version */
    __atomic_store_n(&node->table, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&node->child[0], 0, __ATOMIC_RELAXED);
    __atomic_store_n(&node->child[1], 0, __ATOMIC_RELAXED);
    __atomic_store_n(&node->value, 0, __ATOMIC_RELAXED);
    __atomic_store_n((uint32_t *)(void *)&node->bits, bits, __ATOMIC_RELAXED); /* bits, and real = 0 */
    node->weight = 0;
    for (uint32_t i = 0; i < lpm->words; i++)
        __atomic_store_n(&node->words[i], words[i], __ATOMIC_RELAXED);
    return index;
}

static void free_node(struct lpm_map *lpm, uint32_t index)
{
    struct lpm_node *node = node_at(lpm, index);
    drop_table(lpm, node);
    __atomic_store_n(&node->child[0], lpm->shared->nodes_free, __ATOMIC_RELAXED);
    __atomic_store_n(&node->child[1], 0, __ATOMIC_RELAXED);
    lpm->shared->nodes_free = index;
}

static void set_real(struct lpm_node *node, uint16_t real)
{
    __atomic_store_n((uint32_t *)(void *)&node->bits, node->bits | (uint32_t)real << 16, __ATOMIC_RELEASE);
}

static void set_child(struct lpm_map *lpm, uint32_t parent, uint32_t before, uint32_t after, uint32_t side)
{
    (void)before;
    __atomic_store_n(&node_at(lpm, parent)->child[side], after, __ATOMIC_RELEASE);
}

static void fill(struct lpm_map *lpm, uint32_t index, uint32_t slot)
{
    struct lpm_node *node = node_at(lpm, index);
    __atomic_store_n(&node->value, slot, __ATOMIC_RELEASE);
    set_real(node, 1);
}

/* After a change at `key`/`bits` below the nodes of the path: weights, then tables. */
static void settle(struct lpm_map *lpm, const struct path *path, const uint64_t *key, uint32_t bits, int32_t more)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < path->depth; i++) {
        struct lpm_node *node = node_at(lpm, path->nodes[i]);
        node->weight += (uint32_t)more;
        if (node->table && bits > node->bits)
            refresh(lpm, node, key, bits);
        end = tend_table(lpm, node, end);
    }
}

/* Links in a prefix that is not there yet. `child` is what walk returned. */
static void insert(struct lpm_map *lpm, struct path *path, uint32_t child, uint32_t shared_bits, const uint64_t *key, uint32_t length, uint32_t slot)
{
    uint32_t last = path->nodes[path->depth - 1], parent_bits = node_at(lpm, last)->bits;
    if (parent_bits == length) { /* the fork is there already */
        fill(lpm, last, slot);
        path->depth--;
        settle(lpm, path, key, length, 0);
        return;
    }
    uint32_t side = bit_at(key, parent_bits), index = new_node(lpm, key, length);
    fill(lpm, index, slot);
    if (!child) {
        set_child(lpm, last, 0, index, side);
        settle(lpm, path, key, length, 1);
        return;
    }
    struct lpm_node *below = node_at(lpm, child), *node = node_at(lpm, index);
    if (shared_bits == length) { /* the new prefix contains the child */
        node->weight = below->weight + 1;
        __atomic_store_n(&node->child[bit_at(below->words, length)], child, __ATOMIC_RELAXED);
        set_child(lpm, last, child, index, side);
        settle(lpm, path, key, length, 1);
        return;
    }
    uint32_t fork_index = new_node(lpm, key, shared_bits);
    struct lpm_node *fork = node_at(lpm, fork_index);
    uint32_t new_side = bit_at(key, shared_bits);
    fork->weight = below->weight + 2;
    __atomic_store_n(&fork->child[new_side], index, __ATOMIC_RELAXED);
    __atomic_store_n(&fork->child[!new_side], child, __ATOMIC_RELAXED);
    set_child(lpm, last, child, fork_index, side);
    settle(lpm, path, key, length, 2);
}

static int parse(const struct lpm_map *lpm, const void *key, uint64_t *words, uint32_t *length)
{
    *length = length_of(key);
    if (*length > lpm->max_bits)
        return -E_INVAL;
    load_key(words, (const uint8_t *)key + 4, lpm->data_bytes);
    return 0;
}

static int update_locked(struct lpm_map *lpm, const uint64_t *key, uint32_t length, const void *value, uint64_t flags, uint32_t *retired)
{
    struct path path;
    uint32_t shared_bits = 0, child = walk(lpm, key, length, &path, &shared_bits);
    struct lpm_node *last = node_at(lpm, path.nodes[path.depth - 1]);
    bool exists = last->bits == length && last->real;
    if (exists && flags & U_NOEXIST)
        return -E_EXIST;
    if (!exists && flags & U_EXIST)
        return -E_NOENT;
    if (!exists && lpm->shared->count >= lpm->map.def.max_entries)
        return -E_NOSPC;
    uint32_t slot = pool_get(&lpm->pool);
    if (!slot)
        return -E_NOMEM;
    value_init(&lpm->map, value_at(lpm, slot), value);
    if (exists || last->bits == length) {
        /* Bits after the prefix are kept as they were given, as in Linux. */
        for (uint32_t i = length / 64; i < lpm->words; i++)
            __atomic_store_n(&last->words[i], key[i], __ATOMIC_RELAXED);
    }
    if (exists) {
        *retired = last->value;
        __atomic_store_n(&last->value, slot, __ATOMIC_RELEASE);
        return 0;
    }
    insert(lpm, &path, child, shared_bits, key, length, slot);
    __atomic_store_n(&lpm->shared->count, lpm->shared->count + 1, __ATOMIC_RELAXED);
    return 0;
}

static int lpm_write(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags)
{
    struct lpm_map *lpm = (struct lpm_map *)map;
    uint64_t words[WORDS_MAX];
    uint32_t length, retired = 0;
    if (flags > U_EXIST)
        return -E_INVAL;
    int error = parse(lpm, key, words, &length);
    if (error)
        return error;
    spin_lock(&lpm->shared->lock);
    error = update_locked(lpm, words, length, value, flags, &retired);
    spin_unlock(&lpm->shared->lock);
    if (retired)
        pool_retire(&lpm->pool, retired);
    return error;
}

static int lpm_update(struct bpfcc_map *map, const void *key, const void *value, uint64_t flags, uint32_t cpu)
{
    (void)cpu;
    return lpm_write(map, key, value, flags);
}

/* Unlinks what is needed no more: the node if it has fewer than two children, and a fork above it that lost its reason. */
static void unlink_node(struct lpm_map *lpm, struct path *path, const uint64_t *key, uint32_t length)
{
    uint32_t index = path->nodes[--path->depth], freed[2] = {0, 0};
    struct lpm_node *node = node_at(lpm, index);
    bool both = node->child[0] && node->child[1];
    if (index == ROOT || both || path->depth == 0) {
        settle(lpm, path, key, length, 0);
    } else {
        uint32_t parent = path->nodes[path->depth - 1], only = node->child[0] ? node->child[0] : node->child[1];
        struct lpm_node *above = node_at(lpm, parent);
        uint32_t side = above->child[1] == index;
        freed[0] = index;
        set_child(lpm, parent, index, only, side);
        if (!only && !above->real && parent != ROOT) {
            uint32_t other = above->child[!side];
            struct lpm_node *top = node_at(lpm, path->nodes[path->depth - 2]);
            freed[1] = parent;
            path->depth--;
            set_child(lpm, path->nodes[path->depth - 1], parent, other, top->child[1] == parent);
        }
        settle(lpm, path, key, length, freed[1] ? -2 : -1);
    }
    __atomic_fetch_add(&lpm->shared->version, 1, __ATOMIC_ACQ_REL);
    for (uint32_t i = 0; i < 2; i++) {
        if (freed[i])
            free_node(lpm, freed[i]);
    }
}

static int lpm_erase(struct bpfcc_map *map, const void *key)
{
    struct lpm_map *lpm = (struct lpm_map *)map;
    struct path path;
    uint64_t words[WORDS_MAX];
    uint32_t length, shared_bits = 0, retired = 0;
    int error = parse(lpm, key, words, &length);
    if (error)
        return error;
    spin_lock(&lpm->shared->lock);
    walk(lpm, words, length, &path, &shared_bits);
    struct lpm_node *node = node_at(lpm, path.nodes[path.depth - 1]);
    if (node->bits == length && node->real) {
        retired = node->value;
        set_real(node, 0);
        __atomic_store_n(&lpm->shared->count, lpm->shared->count - 1, __ATOMIC_RELAXED);
        unlink_node(lpm, &path, words, length);
    }
    spin_unlock(&lpm->shared->lock);
    if (!retired)
        return -E_NOENT;
    pool_retire(&lpm->pool, retired);
    return 0;
}

static int lpm_read(struct bpfcc_map *map, const void *key, void *value, uint64_t flags)
{
    const void *found = map->head.lookup(map, key, 0);
    if (!found)
        return -E_NOENT;
    value_load(map, value, found, flags);
    return 0;
}

/* ---- walking: postorder, that is the more specific before the less specific ---- */

static uint32_t leftmost(const struct lpm_map *lpm, uint32_t index)
{
    uint32_t found = 0;
    while (index) {
        const struct lpm_node *node = node_at(lpm, index);
        if (node->real)
            found = index;
        index = node->child[0] ? node->child[0] : node->child[1];
    }
    return found;
}

/* What follows the last node of the path. */
static uint32_t following(const struct lpm_map *lpm, const struct path *path)
{
    for (uint32_t depth = path->depth - 1; depth > 0; depth--) {
        uint32_t index = path->nodes[depth], above = path->nodes[depth - 1];
        const struct lpm_node *parent = node_at(lpm, above);
        if (parent->child[0] == index && parent->child[1])
            return leftmost(lpm, parent->child[1]);
        if (parent->real)
            return above;
    }
    return 0;
}

static void store_key(const struct lpm_map *lpm, uint32_t index, uint8_t *key)
{
    const struct lpm_node *node = node_at(lpm, index);
    uint32_t length = node->bits;
    memcpy(key, &length, 4);
    for (uint32_t at = 0; at < lpm->data_bytes; at += 8) {
        uint64_t word = __builtin_bswap64(node->words[at / 8]);
        memcpy(key + 4 + at, &word, lpm->data_bytes - at < 8 ? lpm->data_bytes - at : 8);
    }
}

static int lpm_next_key(struct bpfcc_map *map, const void *key, void *next)
{
    struct lpm_map *lpm = (struct lpm_map *)map;
    struct path path;
    uint64_t words[WORDS_MAX];
    uint32_t length, shared_bits = 0, found;
    bool known = key && parse(lpm, key, words, &length) == 0;
    spin_lock(&lpm->shared->lock);
    if (known) {
        walk(lpm, words, length, &path, &shared_bits);
        const struct lpm_node *node = node_at(lpm, path.nodes[path.depth - 1]);
        known = node->bits == length && node->real;
    }
    found = known ? following(lpm, &path) : leftmost(lpm, ROOT);
    if (found)
        store_key(lpm, found, next);
    spin_unlock(&lpm->shared->lock);
    return found ? 0 : -E_NOENT;
}

static int lpm_each(struct bpfcc_map *map, uint64_t *cursor, void *key, void **value, uint32_t cpu)
{
    (void)cpu;
    struct lpm_map *lpm = (struct lpm_map *)map;
    int error = -E_NOENT;
    spin_lock(&lpm->shared->lock);
    while (error && *cursor < lpm->shared->nodes_used) {
        uint32_t index = (uint32_t)++*cursor;
        const struct lpm_node *node = node_at(lpm, index);
        if (node->real) {
            store_key(lpm, index, key);
            *value = value_at(lpm, node->value);
            error = 0;
        }
    }
    spin_unlock(&lpm->shared->lock);
    return error;
}

static uint64_t lpm_count(struct bpfcc_map *map)
{
    return __atomic_load_n(&((struct lpm_map *)map)->shared->count, __ATOMIC_RELAXED);
}

/* ---- making ---- */

int lpm_check(const struct bpfcc_map_def *def)
{
    uint32_t allowed = F_NO_PREALLOC | F_NUMA_NODE | F_ACCESS;
    if (def->max_entries == 0 || !(def->flags & F_NO_PREALLOC) || (def->flags & ~allowed) || !map_access_ok(def->flags))
        return -E_INVAL;
    if (def->key_size < 5 || def->key_size > 4 + DATA_MAX || def->value_size == 0 || def->value_size > KMALLOC_MAX - 4 - DATA_MAX - 48)
        return -E_INVAL;
    return 0;
}

#define LPM_OPS(name)                                                                                                   \
    static const struct map_ops name##_ops = {                                                                          \
        .lookup = name, .update = lpm_update, .erase = lpm_erase, .read = lpm_read, .write = lpm_write,                 \
        .take = map_no_take, .next_key = lpm_next_key, .push = map_no_push, .pop = map_no_pop, .peek = map_no_pop,      \
        .each = lpm_each, .count = lpm_count, .destroy = map_release,                                                   \
    };

LPM_OPS(lpm_lookup_4)
LPM_OPS(lpm_lookup_16)
LPM_OPS(lpm_lookup_any)

int lpm_create(const struct bpfcc_map_def *def, struct bpfcc_map **result)
{
    uint32_t data_bytes = def->key_size - 4, words = (data_bytes + 7) / 8;
    uint64_t stride = VALUE_STRIDE(def), size = 0;
    uint64_t values = (uint64_t)def->max_entries + pool_spare(def->max_entries, stride, true);
    /* A prefix brings a fork at most; node 0 means none, node 1 is the root, and two are on their way. */
    uint64_t nodes = 2 * (uint64_t)def->max_entries + 8, node_bytes = sizeof(struct lpm_node) + 8 * (uint64_t)words;
    uint64_t small = (uint64_t)def->max_entries / 2 + 2, large = (uint64_t)def->max_entries / 16 + 2;
    if (values > UINT32_MAX || nodes > UINT32_MAX)
        return -E_NOMEM;
    uint64_t shared_at = arena_plan(&size, 1, sizeof(struct lpm_shared), MAP_LINE);
    uint64_t nodes_at = arena_plan(&size, nodes, node_bytes, MAP_LINE);
    uint64_t small_at = arena_plan(&size, small, 8 << SMALL_BITS, MAP_LINE);
    uint64_t large_at = arena_plan(&size, large, 8 << LARGE_BITS, MAP_LINE);
    uint64_t links_at = arena_plan(&size, values + 1, sizeof(struct pool_node), MAP_LINE);
    uint64_t values_at = arena_plan(&size, values + 1, stride, 4096);
    const struct map_ops *ops = data_bytes == 4 ? &lpm_lookup_4_ops : data_bytes == 16 ? &lpm_lookup_16_ops : &lpm_lookup_any_ops;
    struct lpm_map *lpm = (struct lpm_map *)map_allocate(def, ops, sizeof *lpm, size);
    if (!lpm)
        return -E_NOMEM;
    uint8_t *base = lpm->map.arena.base;
    lpm->shared = (struct lpm_shared *)(void *)(base + shared_at);
    lpm->nodes = base + nodes_at;
    lpm->small = (uint64_t *)(void *)(base + small_at);
    lpm->large = (uint64_t *)(void *)(base + large_at);
    lpm->small_tables = (uint32_t)small - 1;
    lpm->large_tables = (uint32_t)large - 1;
    lpm->node_bytes = (uint32_t)node_bytes;
    lpm->words = words;
    lpm->data_bytes = data_bytes;
    lpm->max_bits = data_bytes * 8;
    pool_init(&lpm->pool, &lpm->shared->pool, base + links_at, sizeof(struct pool_node), (uint32_t)values);
    map_set_area(&lpm->map, values_at, (values + 1) * stride, (uint32_t)stride, 0);
    uint64_t nothing[WORDS_MAX] = {0};
    new_node(lpm, nothing, 0); /* ROOT */
    *result = &lpm->map;
    return 0;
}
