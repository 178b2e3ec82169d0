// One float with the words that maths written for many uses.
#pragma once

#include <cmath>
#include <cstdint>

#include "common/portable.h"

namespace avatar::AVATAR_ISA {

AVATAR_INLINE float fma(float a, float b, float c) {
    return ::fmaf(a, b, c);
}
AVATAR_INLINE float sqrt(float x) {
    return ::sqrtf(x);
}
AVATAR_INLINE float log2(float x) {
    return ::log2f(x);
}
AVATAR_INLINE float exp2(float x) {
    return ::exp2f(x);
}
AVATAR_INLINE float reciprocal(float x) {
    return 1.0f / x;
}
AVATAR_INLINE float select(bool mask, float yes, float no) {
    return mask ? yes : no;
}
AVATAR_INLINE double select(bool mask, double yes, double no) {
    return mask ? yes : no;
}
AVATAR_INLINE double floor(double x) {
    return ::floor(x);
}

}  // namespace avatar::AVATAR_ISA
