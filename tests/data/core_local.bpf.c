/* Every kind of CO-RE relocation, against the types of core_target.c. */
#include "bpf_min.h"
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)

enum state { STATE_NEW = 1, STATE_OLD = 2, STATE_GONE = 3 };
enum big64 { BIG_ONE = 0x100000001ULL };

struct leaf { int depth; };
struct node {
	int a;
	u32 b;
	struct leaf leaf;
	u32 list[4];
	u32 bits : 5;
	int signed_bits : 7;
	u64 *pointer;
	u32 widened;
	int narrowed;
	int missing;
	struct { int anonymous; };
	enum state state;
};
struct node___flavoured { int renamed; int moved; };
struct absent { int x; };
struct same { int x; u32 y; };
typedef struct leaf leaf_t;
#pragma clang attribute pop

#define field(kind, expression) __builtin_preserve_field_info(expression, kind)
enum { OFFSET, SIZE, EXISTS, SIGNED, LSHIFT, RSHIFT };

SEC("xdp") int offsets(struct node *n)
{
	return n->a + n->b + n->leaf.depth + n->list[2] + n->anonymous + n[1].b;
}
SEC("xdp") int widened(struct node *n) { return n->widened; }
SEC("xdp") int narrowed(struct node *n) { return n->narrowed; }
SEC("xdp") int missing(struct node *n) { return n->missing; }
SEC("xdp") int gone(struct absent *n) { return n->x; }
SEC("xdp") int flavoured(struct node___flavoured *n) { return n->moved; }
SEC("xdp") int sizes(struct node *n)
{
	return field(SIZE, n->b) * 1000 + field(SIZE, n->list) * 10 + field(SIZE, n->widened);
}
SEC("xdp") int exist(struct node *n)
{
	return field(EXISTS, n->a) | field(EXISTS, n->missing) << 1 | field(EXISTS, ((struct absent *)n)->x) << 2;
}
SEC("xdp") int bitfield(struct node *n)
{
	return field(OFFSET, n->bits) | field(SIZE, n->bits) << 8 | field(LSHIFT, n->bits) << 16 | field(RSHIFT, n->bits) << 24;
}
SEC("xdp") int signs(struct node *n)
{
	return field(SIGNED, n->bits) | field(SIGNED, n->signed_bits) << 1 | field(SIGNED, n->a) << 2;
}
SEC("xdp") u64 types(void *ctx)
{
	return __builtin_preserve_type_info(*(struct node *)0, 0) | __builtin_preserve_type_info(*(struct absent *)0, 0) << 1 |
	       __builtin_preserve_type_info(*(struct leaf *)0, 1) << 8;
}
SEC("xdp") u64 matches(void *ctx)
{
	return __builtin_preserve_type_info(*(struct same *)0, 2) | __builtin_preserve_type_info(*(struct node *)0, 2) << 1;
}
SEC("xdp") u64 local_id(void *ctx) { return __builtin_btf_type_id(*(struct leaf *)0, 0); }
SEC("xdp") u64 target_id(void *ctx) { return __builtin_btf_type_id(*(struct leaf *)0, 1); }
SEC("xdp") u64 enums(void *ctx)
{
	return __builtin_preserve_enum_value(*(typeof(enum state) *)STATE_OLD, 1) << 8 |
	       __builtin_preserve_enum_value(*(typeof(enum state) *)STATE_OLD, 0) |
	       __builtin_preserve_enum_value(*(typeof(enum state) *)STATE_GONE, 0) << 1;
}
SEC("xdp") u64 enum_gone(void *ctx) { return __builtin_preserve_enum_value(*(typeof(enum state) *)STATE_GONE, 1); }
SEC("xdp") u64 enum_wide(void *ctx) { return __builtin_preserve_enum_value(*(typeof(enum big64) *)BIG_ONE, 1); }
char _license[] SEC("license") = "GPL";
