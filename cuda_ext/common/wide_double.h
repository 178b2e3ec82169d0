// Eight doubles at a time, whatever the CPU: one AVX-512 register, two of AVX2, four of SSE or
// NEON.
//
// As in wide.h the wide type is put together from registers by hand. Only arithmetic that is
// rounded once, so that every instruction set gives the same bits.
#pragma once

#include "common/wide.h"

namespace avatar::AVATAR_ISA {

constexpr int kDoubleLanes = 8;

#if defined(__AVX512F__) && defined(__AVX512DQ__)

struct DoublesMask {
    static constexpr int kSize = kDoubleLanes;
    __mmask8 bits;
    friend DoublesMask operator&(DoublesMask a, DoublesMask b) {
        return {__mmask8(a.bits & b.bits)};
    }
};

struct Doubles {
    using Mask = DoublesMask;
    static constexpr int kSize = kDoubleLanes;
    __m512d v;
    Doubles() = default;
    Doubles(double x) : v(_mm512_set1_pd(x)) {}
    Doubles(__m512d x) : v(x) {}
    friend Doubles operator+(Doubles a, Doubles b) { return _mm512_add_pd(a.v, b.v); }
    friend Doubles operator-(Doubles a, Doubles b) { return _mm512_sub_pd(a.v, b.v); }
    friend Doubles operator*(Doubles a, Doubles b) { return _mm512_mul_pd(a.v, b.v); }
    friend Doubles operator/(Doubles a, Doubles b) { return _mm512_div_pd(a.v, b.v); }
    friend DoublesMask operator>=(Doubles a, Doubles b) {
        return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_GE_OQ)};
    }
    friend DoublesMask operator>(Doubles a, Doubles b) {
        return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_GT_OQ)};
    }
};

using OneRegister = Doubles;  // as many as the CPU takes at once

AVATAR_INLINE Doubles load(const double* from, Doubles) {
    return _mm512_loadu_pd(from);
}
AVATAR_INLINE Doubles load_floats(const float* from, Doubles) {
    return _mm512_cvtps_pd(_mm256_loadu_ps(from));
}
// The floats at places of `from`, widened.
AVATAR_INLINE Doubles gather_floats(const float* from, const int64_t* places, Doubles) {
    // Loads one by one: faster than the CPUs' own instruction.
    return _mm512_cvtps_pd(_mm256_setr_ps(from[places[0]], from[places[1]], from[places[2]],
                                          from[places[3]], from[places[4]], from[places[5]],
                                          from[places[6]], from[places[7]]));
}
AVATAR_INLINE void store(double* to, Doubles x) {
    _mm512_storeu_pd(to, x.v);
}
AVATAR_INLINE void store_floats(float* to, Doubles x) {
    _mm256_storeu_ps(to, _mm512_cvtpd_ps(x.v));
}
AVATAR_INLINE uint32_t bits(DoublesMask mask) {
    return mask.bits;
}
AVATAR_INLINE Doubles select(DoublesMask mask, Doubles yes, Doubles no) {
    return _mm512_mask_blend_pd(mask.bits, no.v, yes.v);
}

#else

#if defined(__AVX2__)

struct DoubleMask4 {
    static constexpr int kSize = 4;
    __m256d v;
    friend DoubleMask4 operator&(DoubleMask4 a, DoubleMask4 b) { return {_mm256_and_pd(a.v, b.v)}; }
};

struct Double4 {
    using Mask = DoubleMask4;
    static constexpr int kSize = 4;
    __m256d v;
    Double4() = default;
    Double4(double x) : v(_mm256_set1_pd(x)) {}
    Double4(__m256d x) : v(x) {}
    friend Double4 operator+(Double4 a, Double4 b) { return _mm256_add_pd(a.v, b.v); }
    friend Double4 operator-(Double4 a, Double4 b) { return _mm256_sub_pd(a.v, b.v); }
    friend Double4 operator*(Double4 a, Double4 b) { return _mm256_mul_pd(a.v, b.v); }
    friend Double4 operator/(Double4 a, Double4 b) { return _mm256_div_pd(a.v, b.v); }
    friend DoubleMask4 operator>=(Double4 a, Double4 b) {
        return {_mm256_cmp_pd(a.v, b.v, _CMP_GE_OQ)};
    }
    friend DoubleMask4 operator>(Double4 a, Double4 b) {
        return {_mm256_cmp_pd(a.v, b.v, _CMP_GT_OQ)};
    }
};

AVATAR_INLINE Double4 load(const double* from, Double4) {
    return _mm256_loadu_pd(from);
}
AVATAR_INLINE Double4 load_floats(const float* from, Double4) {
    return _mm256_cvtps_pd(_mm_loadu_ps(from));
}
AVATAR_INLINE Double4 gather_floats(const float* from, const int64_t* places, Double4) {
    return _mm256_cvtps_pd(
        _mm_setr_ps(from[places[0]], from[places[1]], from[places[2]], from[places[3]]));
}
AVATAR_INLINE void store(double* to, Double4 x) {
    _mm256_storeu_pd(to, x.v);
}
AVATAR_INLINE void store_floats(float* to, Double4 x) {
    _mm_storeu_ps(to, _mm256_cvtpd_ps(x.v));
}
AVATAR_INLINE uint32_t bits(DoubleMask4 mask) {
    return _mm256_movemask_pd(mask.v);
}
AVATAR_INLINE Double4 select(DoubleMask4 mask, Double4 yes, Double4 no) {
    return _mm256_blendv_pd(no.v, yes.v, mask.v);
}

#else

// Two lanes in the compiler's own vectors: SSE, NEON, or plain code.
struct DoubleMask2 {
    static constexpr int kSize = 2;
    typedef int64_t Lanes __attribute__((vector_size(16)));
    Lanes v;
    friend DoubleMask2 operator&(DoubleMask2 a, DoubleMask2 b) { return {a.v & b.v}; }
};

struct Double2 {
    using Mask = DoubleMask2;
    static constexpr int kSize = 2;
    typedef double Lanes __attribute__((vector_size(16)));
    Lanes v;
    Double2() = default;
    Double2(double x) : v(Lanes{x, x}) {}
    Double2(Lanes x) : v(x) {}
    friend Double2 operator+(Double2 a, Double2 b) { return a.v + b.v; }
    friend Double2 operator-(Double2 a, Double2 b) { return a.v - b.v; }
    friend Double2 operator*(Double2 a, Double2 b) { return a.v * b.v; }
    friend Double2 operator/(Double2 a, Double2 b) { return a.v / b.v; }
    friend DoubleMask2 operator>=(Double2 a, Double2 b) { return {a.v >= b.v}; }
    friend DoubleMask2 operator>(Double2 a, Double2 b) { return {a.v > b.v}; }
};

AVATAR_INLINE Double2 load(const double* from, Double2) {
    Double2 x;
    __builtin_memcpy(&x.v, from, sizeof x.v);
    return x;
}
AVATAR_INLINE Double2 load_floats(const float* from, Double2) {
    return Double2::Lanes{from[0], from[1]};
}
AVATAR_INLINE Double2 gather_floats(const float* from, const int64_t* places, Double2) {
    return Double2::Lanes{from[places[0]], from[places[1]]};
}
AVATAR_INLINE void store(double* to, Double2 x) {
    __builtin_memcpy(to, &x.v, sizeof x.v);
}
AVATAR_INLINE void store_floats(float* to, Double2 x) {
    to[0] = static_cast<float>(x.v[0]);
    to[1] = static_cast<float>(x.v[1]);
}
AVATAR_INLINE uint32_t bits(DoubleMask2 mask) {
    return static_cast<uint32_t>((mask.v[0] & 1) | (mask.v[1] & 2));
}
AVATAR_INLINE Double2 select(DoubleMask2 mask, Double2 yes, Double2 no) {
    return mask.v ? yes.v : no.v;
}

#endif

// Two of `Half`, as `Twice` of wide.h, of doubles.
template <typename Half>
struct TwiceDoubles {
    using Mask = TwiceMask<typename Half::Mask>;
    static constexpr int kSize = 2 * Half::kSize;
    Half low, high;
    TwiceDoubles() = default;
    TwiceDoubles(double x) : low(x), high(x) {}
    TwiceDoubles(Half l, Half h) : low(l), high(h) {}
    friend TwiceDoubles operator+(TwiceDoubles a, TwiceDoubles b) {
        return {a.low + b.low, a.high + b.high};
    }
    friend TwiceDoubles operator-(TwiceDoubles a, TwiceDoubles b) {
        return {a.low - b.low, a.high - b.high};
    }
    friend TwiceDoubles operator*(TwiceDoubles a, TwiceDoubles b) {
        return {a.low * b.low, a.high * b.high};
    }
    friend TwiceDoubles operator/(TwiceDoubles a, TwiceDoubles b) {
        return {a.low / b.low, a.high / b.high};
    }
    friend Mask operator>=(TwiceDoubles a, TwiceDoubles b) {
        return {a.low >= b.low, a.high >= b.high};
    }
    friend Mask operator>(TwiceDoubles a, TwiceDoubles b) {
        return {a.low > b.low, a.high > b.high};
    }
    friend TwiceDoubles load(const double* from, TwiceDoubles) {
        return {load(from, Half()), load(from + Half::kSize, Half())};
    }
    friend TwiceDoubles load_floats(const float* from, TwiceDoubles) {
        return {load_floats(from, Half()), load_floats(from + Half::kSize, Half())};
    }
    friend TwiceDoubles gather_floats(const float* from, const int64_t* places, TwiceDoubles) {
        return {gather_floats(from, places, Half()),
                gather_floats(from, places + Half::kSize, Half())};
    }
    friend void store(double* to, TwiceDoubles x) {
        store(to, x.low);
        store(to + Half::kSize, x.high);
    }
    friend void store_floats(float* to, TwiceDoubles x) {
        store_floats(to, x.low);
        store_floats(to + Half::kSize, x.high);
    }
    friend TwiceDoubles select(Mask mask, TwiceDoubles yes, TwiceDoubles no) {
        return {select(mask.low, yes.low, no.low), select(mask.high, yes.high, no.high)};
    }
};

#if defined(__AVX2__)
using OneRegister = Double4;
using Doubles = TwiceDoubles<Double4>;
#else
using OneRegister = Double2;
using Doubles = TwiceDoubles<TwiceDoubles<Double2> >;
#endif

#endif

AVATAR_INLINE Doubles load(const double* from) {
    return load(from, Doubles());
}

// Floats, widened.
AVATAR_INLINE Doubles load_floats(const float* from) {
    return load_floats(from, Doubles());
}

// The integers below, of numbers below 2^51.
AVATAR_INLINE Doubles floor(Doubles x) {
    const Doubles magic = 6755399441055744.0;  // 1.5 * 2^52: sums with it are integers
    const Doubles rounded = (x + magic) - magic;
    return select(rounded > x, rounded - 1.0, rounded);
}

AVATAR_INLINE Doubles min(Doubles a, Doubles b) {
    return select(b > a, a, b);
}
AVATAR_INLINE Doubles max(Doubles a, Doubles b) {
    return select(a > b, a, b);
}

alignas(64) constexpr double kDoubleSteps[kDoubleLanes] = {0, 1, 2, 3, 4, 5, 6, 7};

}  // namespace avatar::AVATAR_ISA
