/* The "kernel" that core_local.bpf.c is adapted to: other offsets, sizes, names and values. */
#include "bpf_min.h"

enum state { STATE_ZERO, STATE_NEW = 11, STATE_OLD = 77 };
enum big64 { BIG_NONE, BIG_ONE = 0x300000004ULL };

struct leaf { char pad[12]; int depth; };
struct node {
	u64 first;
	u32 b;
	int a;
	u32 bits0 : 9;
	u32 bits : 6;
	u64 *pointer;
	struct { int unrelated; union { long other; int anonymous; }; };
	u64 widened;
	short narrowed;
	struct leaf leaf;
	char gap[100];
	u32 list[8];
	u64 signed_bits : 7;
	enum state state;
	int moved;
};
struct same { char before; u32 y; int x; };

struct node *node;
struct same *same;
enum big64 wide;
int use(struct node *n, struct same *s, enum big64 w, enum state e) { return n->a + s->x + w + e; }
