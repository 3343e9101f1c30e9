/* Types whose values, sizes and C definitions are tested. */
#include "bpf_min.h"

enum colour { RED, GREEN = 5, NEGATIVE = -3 };
enum large { LARGE = 0x123456789aULL };
enum __attribute__((packed)) tiny { TINY_ONE, TINY_TWO };
typedef int (*handler)(struct xdp_md *, const char *restrict, ...);
typedef void (*(*nested_handler)(int, void (*)(void)))(char);

struct inner {
	u16 a;
	char name[6];
};
struct packed_one {
	char a;
	int b;
} __attribute__((packed));
struct packed_aligned {
	char a;
	int b;
} __attribute__((packed, aligned(4)));
struct aligned_member {
	int a;
	int b __attribute__((aligned(16)));
	char c;
} __attribute__((aligned(64)));
struct bits {
	unsigned a : 3;
	int : 5;
	unsigned b : 10;
	u64 c : 40;
	char d;
	int e : 5;
	_Bool f : 1;
};
struct packed_bits {
	unsigned a : 3;
	u64 c : 62;
	u8 t : 7;
} __attribute__((packed));
union aligned_union {
	char c[3];
} __attribute__((aligned(16)));

struct everything {
	u32 x;
	signed char small;
	_Bool flag;
	u8 mac[6];
	char text[8];
	enum colour colour;
	enum large large;
	struct inner inner[2];
	union {
		u32 word;
		u8 bytes[4];
		struct {
			u16 low, high;
		};
	};
	int f1 : 3;
	unsigned f2 : 7;
	u64 f3 : 33;
	void *pointer;
	float single;
	double twice;
	u32 matrix[2][3];
};
struct layouts {
	struct {
		int x;
		union {
			int y;
			long long z;
		};
	} in;
	struct packed_one p;
	struct packed_aligned pa[3];
	struct aligned_member al;
	struct bits bf;
	struct packed_bits bp;
	union aligned_union ua;
	enum tiny tiny;
	handler f;
	nested_handler g;
	volatile const int *const *q;
	enum { ANON_ONE, ANON_TWO } e;
	int (*to_array)[4];
	int (*functions[3])(void);
	const char *const names[2];
	struct layouts *self;
	struct later *later;
	__int128 wide;
	int flexible[];
};
struct later {
	struct everything all;
};

struct everything variable = { .x = 1, .text = "abc", .colour = NEGATIVE };
int plain = -5;
struct layouts *layouts;
struct later *later;

SEC("xdp") int use(struct xdp_md *ctx)
{
	return variable.x + plain + (layouts != 0) + (later != 0);
}
