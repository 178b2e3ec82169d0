// Sums over the pixels of a warp that belong together.
#pragma once

#include <cstdint>

#include "common/portable.h"

namespace avatar::AVATAR_ISA {

AVATAR_DEVICE int lowest_bit(uint32_t bits) {
#ifdef __CUDACC__
    return __ffs(static_cast<int>(bits)) - 1;
#else
    return __builtin_ctz(bits);
#endif
}

// Add up each of kCount values over the lanes with the same name, names below 0 left out, and add
// the sums to where place(name, i) says: neighbours see the same triangle, and one addition for
// all of them is faster than one each.
template <int kCount, typename Warp, typename Name, typename Place>
AVATAR_DEVICE void add_by_name(Warp, Name name_of, const typename Warp::Float* values,
                               Place place) {
    uint32_t left = Warp::ballot_of([&](int lane) { return name_of(lane) >= 0; });
    while (left) {
        const int64_t name = name_of(lowest_bit(left));
        const uint32_t same = Warp::ballot_of([&](int lane) { return name_of(lane) == name; });
        typename Warp::Float grouped[kCount];
        for (int i = 0; i < kCount; ++i) grouped[i] = Warp::only(same, values[i]);
        Warp::template add_sums_to<kCount>(grouped, [&](int i) { return place(name, i); });
        left &= ~same;
    }
}

}  // namespace avatar::AVATAR_ISA
