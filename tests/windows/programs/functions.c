/* Functions of another module, which the loader finds by its GUID. */
#include "windows.h"

#define OF_MODULE __attribute__((section(".ksyms"), btf_decl_tag("module_id:{8F6C1F83-ce4c-4b58-8b91-654a29e23b7c}")))
extern i32 sample_ebpf_extension_btf_lookup(u64 key, void *value, u32 size) OF_MODULE;
extern u64 host_sum(u64 a, u64 b, u64 c, u64 d, u64 e) OF_MODULE;

struct sample {
    u8 *start, *end;
    u32 word;
    u16 half;
    u32 first, second;
};

APART u64 looked_up(u32 key)
{
    u64 value[2];
    i32 result = sample_ebpf_extension_btf_lookup(key, &value, sizeof value);
    return value[0] + value[1] + (u64)result;
}

SEC("sample_ext/twice") int twice(struct sample *context)
{
    return (int)(looked_up(context->word) + host_sum(context->word, context->half, 3, context->first, context->second));
}

SEC("sample_ext/once") int once(struct sample *context)
{
    return (int)host_sum(context->second, 0, context->first, 7, 1ull << 40);
}

SEC("sample_ext/never") int never(struct sample *context) { return context->half; }
