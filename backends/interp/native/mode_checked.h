/* The macros of ops.def in checked mode. */
#undef CHECKED
#undef REACH
#undef REACH_FRAME
#undef ALIGNED
#undef CHARGE
#undef GIVE_BACK_STEPS
#undef FORGET
#undef PACKET_ADDRESS
#undef LEAVE
#undef EXPECT
#undef FOLD_REACH
#undef FOLD_CHARGE
#undef LEAVE_FRAME
#define CHECKED 1
#define REACH CHECKED_REACH
#define REACH_FRAME CHECKED_REACH_FRAME
#define ALIGNED CHECKED_ALIGNED
#define CHARGE CHECKED_CHARGE
#define GIVE_BACK_STEPS CHECKED_GIVE_BACK_STEPS
#define FORGET CHECKED_FORGET
#define LEAVE_FRAME CHECKED_LEAVE_FRAME
#define FOLD_REACH CHECKED_FOLD_REACH
#define FOLD_CHARGE CHECKED_FOLD_CHARGE
#define EXPECT CHECKED_EXPECT
#define PACKET_ADDRESS CHECKED_PACKET_ADDRESS
#define LEAVE(value)                       \
    RUN->steps_left += (uint64_t)steps;    \
    return (value)
