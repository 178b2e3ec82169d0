// Sixteen floats at a time, whatever the CPU: one AVX-512 register, two of AVX2, four of SSE or
// NEON.
//
// Compilers make poor code of 64-byte vectors where registers are narrower, so the wide type is put
// together from registers by hand. `Wide` has the arithmetic of a float: maths written as a
// template runs on both.
#pragma once

#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "common/portable.h"

namespace avatar::AVATAR_ISA {

constexpr int kLanes = 16;

// ---- several registers, or several values
// --------------------------------------------------------

template <typename Half>
struct TwiceMask {
    static constexpr int kSize = 2 * Half::kSize;
    Half low, high;
    friend TwiceMask operator&(TwiceMask a, TwiceMask b) {
        return {a.low & b.low, a.high & b.high};
    }
    friend TwiceMask operator|(TwiceMask a, TwiceMask b) {
        return {a.low | b.low, a.high | b.high};
    }
    friend uint32_t bits(TwiceMask mask) { return bits(mask.low) | bits(mask.high) << Half::kSize; }
};

template <typename Half>
struct Twice {
    using Mask = TwiceMask<typename Half::Mask>;
    static constexpr int kSize = 2 * Half::kSize;
    Half low, high;
    Twice() = default;
    Twice(float x) : low(x), high(x) {}
    Twice(Half l, Half h) : low(l), high(h) {}
    friend Twice operator+(Twice a, Twice b) { return {a.low + b.low, a.high + b.high}; }
    friend Twice operator-(Twice a, Twice b) { return {a.low - b.low, a.high - b.high}; }
    friend Twice operator*(Twice a, Twice b) { return {a.low * b.low, a.high * b.high}; }
    friend Twice operator/(Twice a, Twice b) { return {a.low / b.low, a.high / b.high}; }
    friend Mask operator>=(Twice a, Twice b) { return {a.low >= b.low, a.high >= b.high}; }
    friend Mask operator>(Twice a, Twice b) { return {a.low > b.low, a.high > b.high}; }
    friend Twice load(const float* from, Twice) {
        return {load(from, Half()), load(from + Half::kSize, Half())};
    }
    friend void store(float* to, Twice x) {
        store(to, x.low);
        store(to + Half::kSize, x.high);
    }
    friend Twice fma(Twice a, Twice b, Twice c) {
        return {fma(a.low, b.low, c.low), fma(a.high, b.high, c.high)};
    }
    friend Twice min(Twice a, Twice b) { return {min(a.low, b.low), min(a.high, b.high)}; }
    friend Twice max(Twice a, Twice b) { return {max(a.low, b.low), max(a.high, b.high)}; }
    friend Twice sqrt(Twice x) { return {sqrt(x.low), sqrt(x.high)}; }
    friend Twice select(Mask mask, Twice yes, Twice no) {
        return {select(mask.low, yes.low, no.low), select(mask.high, yes.high, no.high)};
    }
    friend Twice reciprocal(Twice x) { return {reciprocal(x.low), reciprocal(x.high)}; }
    friend Twice scale_by_exponent(Twice x, Twice magic) {
        return {scale_by_exponent(x.low, magic.low), scale_by_exponent(x.high, magic.high)};
    }
    friend Twice exponent(Twice x) { return {exponent(x.low), exponent(x.high)}; }
    friend Twice mantissa(Twice x) { return {mantissa(x.low), mantissa(x.high)}; }
};

// ---- one register ------------------------------------------------------------------------------

#if defined(__AVX512F__) && defined(__AVX512DQ__)

struct WideMask {
    static constexpr int kSize = kLanes;
    __mmask16 bits;
    friend WideMask operator&(WideMask a, WideMask b) { return {__mmask16(a.bits & b.bits)}; }
    friend WideMask operator|(WideMask a, WideMask b) { return {__mmask16(a.bits | b.bits)}; }
};

struct Wide {
    using Mask = WideMask;
    static constexpr int kSize = kLanes;
    __m512 v;
    Wide() = default;
    Wide(float x) : v(_mm512_set1_ps(x)) {}
    Wide(__m512 x) : v(x) {}
    friend Wide operator+(Wide a, Wide b) { return _mm512_add_ps(a.v, b.v); }
    friend Wide operator-(Wide a, Wide b) { return _mm512_sub_ps(a.v, b.v); }
    friend Wide operator*(Wide a, Wide b) { return _mm512_mul_ps(a.v, b.v); }
    friend Wide operator/(Wide a, Wide b) { return _mm512_div_ps(a.v, b.v); }
    friend WideMask operator>=(Wide a, Wide b) {
        return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ)};
    }
    friend WideMask operator>(Wide a, Wide b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)}; }
};

AVATAR_INLINE Wide load(const float* from, Wide) {
    return _mm512_loadu_ps(from);
}
AVATAR_INLINE void store(float* to, Wide x) {
    _mm512_storeu_ps(to, x.v);
}
AVATAR_INLINE Wide fma(Wide a, Wide b, Wide c) {
    return _mm512_fmadd_ps(a.v, b.v, c.v);
}
AVATAR_INLINE Wide min(Wide a, Wide b) {
    return _mm512_min_ps(a.v, b.v);
}
AVATAR_INLINE Wide max(Wide a, Wide b) {
    return _mm512_max_ps(a.v, b.v);
}
AVATAR_INLINE Wide sqrt(Wide x) {
    return _mm512_sqrt_ps(x.v);
}
AVATAR_INLINE uint32_t bits(WideMask mask) {
    return mask.bits;
}
AVATAR_INLINE Wide select(WideMask mask, Wide yes, Wide no) {
    return _mm512_mask_blend_ps(mask.bits, no.v, yes.v);
}
AVATAR_INLINE Wide reciprocal(Wide x) {
    const __m512 guess = _mm512_rcp14_ps(x.v);
    return _mm512_mul_ps(guess, _mm512_fnmadd_ps(x.v, guess, _mm512_set1_ps(2.0f)));
}
// 2 to the integer that `magic` ends in, times x.
AVATAR_INLINE Wide scale_by_exponent(Wide x, Wide magic) {
    return _mm512_castsi512_ps(_mm512_add_epi32(
        _mm512_castps_si512(x.v), _mm512_slli_epi32(_mm512_castps_si512(magic.v), 23)));
}
AVATAR_INLINE Wide exponent(Wide x) {
    return _mm512_getexp_ps(x.v);
}
AVATAR_INLINE Wide mantissa(Wide x) {
    return _mm512_getmant_ps(x.v, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_zero);
}

#else

#if defined(__AVX2__) && defined(__FMA__)

struct Mask8 {
    static constexpr int kSize = 8;
    __m256 v;
    friend Mask8 operator&(Mask8 a, Mask8 b) { return {_mm256_and_ps(a.v, b.v)}; }
    friend Mask8 operator|(Mask8 a, Mask8 b) { return {_mm256_or_ps(a.v, b.v)}; }
};

struct Float8 {
    using Mask = Mask8;
    static constexpr int kSize = 8;
    __m256 v;
    Float8() = default;
    Float8(float x) : v(_mm256_set1_ps(x)) {}
    Float8(__m256 x) : v(x) {}
    friend Float8 operator+(Float8 a, Float8 b) { return _mm256_add_ps(a.v, b.v); }
    friend Float8 operator-(Float8 a, Float8 b) { return _mm256_sub_ps(a.v, b.v); }
    friend Float8 operator*(Float8 a, Float8 b) { return _mm256_mul_ps(a.v, b.v); }
    friend Float8 operator/(Float8 a, Float8 b) { return _mm256_div_ps(a.v, b.v); }
    friend Mask8 operator>=(Float8 a, Float8 b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_GE_OQ)}; }
    friend Mask8 operator>(Float8 a, Float8 b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ)}; }
};

AVATAR_INLINE Float8 load(const float* from, Float8) {
    return _mm256_loadu_ps(from);
}
AVATAR_INLINE void store(float* to, Float8 x) {
    _mm256_storeu_ps(to, x.v);
}
AVATAR_INLINE Float8 fma(Float8 a, Float8 b, Float8 c) {
    return _mm256_fmadd_ps(a.v, b.v, c.v);
}
AVATAR_INLINE Float8 min(Float8 a, Float8 b) {
    return _mm256_min_ps(a.v, b.v);
}
AVATAR_INLINE Float8 max(Float8 a, Float8 b) {
    return _mm256_max_ps(a.v, b.v);
}
AVATAR_INLINE Float8 sqrt(Float8 x) {
    return _mm256_sqrt_ps(x.v);
}
AVATAR_INLINE uint32_t bits(Mask8 mask) {
    return _mm256_movemask_ps(mask.v);
}
AVATAR_INLINE Float8 select(Mask8 mask, Float8 yes, Float8 no) {
    return _mm256_blendv_ps(no.v, yes.v, mask.v);
}
AVATAR_INLINE Float8 reciprocal(Float8 x) {
    const __m256 guess = _mm256_rcp_ps(x.v);
    return _mm256_mul_ps(guess, _mm256_fnmadd_ps(x.v, guess, _mm256_set1_ps(2.0f)));
}
AVATAR_INLINE Float8 scale_by_exponent(Float8 x, Float8 magic) {
    return _mm256_castsi256_ps(_mm256_add_epi32(
        _mm256_castps_si256(x.v), _mm256_slli_epi32(_mm256_castps_si256(magic.v), 23)));
}
AVATAR_INLINE Float8 exponent(Float8 x) {
    const __m256i biased = _mm256_srli_epi32(_mm256_castps_si256(x.v), 23);
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(biased, _mm256_set1_epi32(127)));
}
AVATAR_INLINE Float8 mantissa(Float8 x) {
    const __m256i low = _mm256_and_si256(_mm256_castps_si256(x.v), _mm256_set1_epi32(0x7fffff));
    return _mm256_castsi256_ps(_mm256_or_si256(low, _mm256_set1_epi32(0x3f800000)));
}

#else

// Four lanes in the compiler's own vectors: SSE, NEON, or plain code.
struct Mask4 {
    static constexpr int kSize = 4;
    typedef int32_t Lanes __attribute__((vector_size(16)));
    Lanes v;
    friend Mask4 operator&(Mask4 a, Mask4 b) { return {a.v & b.v}; }
    friend Mask4 operator|(Mask4 a, Mask4 b) { return {a.v | b.v}; }
};

struct Float4 {
    using Mask = Mask4;
    static constexpr int kSize = 4;
    typedef float Lanes __attribute__((vector_size(16)));
    Lanes v;
    Float4() = default;
    Float4(float x) : v(Lanes{x, x, x, x}) {}
    Float4(Lanes x) : v(x) {}
    friend Float4 operator+(Float4 a, Float4 b) { return a.v + b.v; }
    friend Float4 operator-(Float4 a, Float4 b) { return a.v - b.v; }
    friend Float4 operator*(Float4 a, Float4 b) { return a.v * b.v; }
    friend Float4 operator/(Float4 a, Float4 b) { return a.v / b.v; }
    friend Mask4 operator>=(Float4 a, Float4 b) { return {a.v >= b.v}; }
    friend Mask4 operator>(Float4 a, Float4 b) { return {a.v > b.v}; }
};

AVATAR_INLINE Float4 load(const float* from, Float4) {
    Float4 x;
    __builtin_memcpy(&x.v, from, sizeof x.v);
    return x;
}
AVATAR_INLINE void store(float* to, Float4 x) {
    __builtin_memcpy(to, &x.v, sizeof x.v);
}
AVATAR_INLINE Float4 fma(Float4 a, Float4 b, Float4 c) {
    return a.v * b.v + c.v;
}
AVATAR_INLINE Float4 min(Float4 a, Float4 b) {
    return a.v < b.v ? a.v : b.v;
}
AVATAR_INLINE Float4 max(Float4 a, Float4 b) {
    return a.v > b.v ? a.v : b.v;
}
AVATAR_INLINE Float4 sqrt(Float4 x) {
    return Float4::Lanes{__builtin_sqrtf(x.v[0]), __builtin_sqrtf(x.v[1]), __builtin_sqrtf(x.v[2]),
                         __builtin_sqrtf(x.v[3])};
}
AVATAR_INLINE uint32_t bits(Mask4 mask) {
    const Mask4::Lanes bit = mask.v & Mask4::Lanes{1, 2, 4, 8};
    return static_cast<uint32_t>(bit[0] | bit[1] | bit[2] | bit[3]);
}
AVATAR_INLINE Float4 select(Mask4 mask, Float4 yes, Float4 no) {
    return mask.v ? yes.v : no.v;
}
AVATAR_INLINE Float4 reciprocal(Float4 x) {
    return 1.0f / x.v;
}
AVATAR_INLINE Float4 scale_by_exponent(Float4 x, Float4 magic) {
    return (Float4::Lanes)((Mask4::Lanes)x.v + ((Mask4::Lanes)magic.v << 23));
}
AVATAR_INLINE Float4 exponent(Float4 x) {
    return __builtin_convertvector(((Mask4::Lanes)x.v >> 23) - 127, Float4::Lanes);
}
AVATAR_INLINE Float4 mantissa(Float4 x) {
    return (Float4::Lanes)(((Mask4::Lanes)x.v & 0x7fffff) | 0x3f800000);
}

#endif

#if defined(__AVX2__) && defined(__FMA__)
using Wide = Twice<Float8>;
#else
using Wide = Twice<Twice<Float4> >;
#endif
using WideMask = Wide::Mask;

#endif

// Two chains of arithmetic side by side: a core that runs ahead only so far finds enough to do.
using WidePair = Twice<Wide>;

// ---- on top of either --------------------------------------------------------------------------

AVATAR_INLINE Wide load(const float* from) {
    return load(from, Wide());
}

// What `load(at + kOffset)` gives, from the registers around: `low` is what lies at `at` and `high`
// follows, or for a negative kOffset `high` is what lies there and `low` goes before. Wide loads
// that are not aligned touch two cache lines each.
template <int kOffset>
AVATAR_INLINE Wide load_beside(Wide low, Wide high, const float* at) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
    (void)at;
    constexpr int kShift = kOffset < 0 ? kLanes + kOffset : kOffset;
    return _mm512_castsi512_ps(
        _mm512_alignr_epi32(_mm512_castps_si512(high.v), _mm512_castps_si512(low.v), kShift));
#else
    (void)low, (void)high;
    return load(at + kOffset);
#endif
}

// Four blocks of 4 x 4 pixels to four rows of sixteen, or back: the quarters of four values, as a
// matrix, transposed. `from` and `to` step by their strides, in floats.
AVATAR_INLINE void transpose_quarters(const float* from, int64_t from_stride, float* to,
                                      int64_t to_stride) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
    const __m512 a = _mm512_loadu_ps(from), b = _mm512_loadu_ps(from + from_stride),
                 c = _mm512_loadu_ps(from + 2 * from_stride),
                 d = _mm512_loadu_ps(from + 3 * from_stride);
    const __m512 ab_low = _mm512_shuffle_f32x4(a, b, 0x44),
                 ab_high = _mm512_shuffle_f32x4(a, b, 0xEE),
                 cd_low = _mm512_shuffle_f32x4(c, d, 0x44),
                 cd_high = _mm512_shuffle_f32x4(c, d, 0xEE);
    _mm512_storeu_ps(to, _mm512_shuffle_f32x4(ab_low, cd_low, 0x88));
    _mm512_storeu_ps(to + to_stride, _mm512_shuffle_f32x4(ab_low, cd_low, 0xDD));
    _mm512_storeu_ps(to + 2 * to_stride, _mm512_shuffle_f32x4(ab_high, cd_high, 0x88));
    _mm512_storeu_ps(to + 3 * to_stride, _mm512_shuffle_f32x4(ab_high, cd_high, 0xDD));
#else
    for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 4; ++j) {
            __builtin_memcpy(to + i * to_stride + 4 * j, from + j * from_stride + 4 * i,
                             4 * sizeof(float));
        }
    }
#endif
}

// Of each of 64 sixteen-bit masks, bit number `bit`.
AVATAR_INLINE uint64_t column_of_bits(const uint16_t* masks, int bit) {
    uint64_t column = 0;
#if defined(__AVX512F__) && defined(__AVX512BW__)
    const __m512i wanted = _mm512_set1_epi16(static_cast<int16_t>(1 << bit));
    for (int i = 0; i < 2; ++i) {
        const __m512i here = _mm512_loadu_si512(masks + 32 * i);
        column |= static_cast<uint64_t>(_mm512_test_epi16_mask(here, wanted)) << 32 * i;
    }
#elif defined(__AVX2__)
    const __m256i wanted = _mm256_set1_epi16(static_cast<int16_t>(1 << bit));
    for (int i = 0; i < 2; ++i) {
        const auto test = [&](int at) {
            const __m256i here =
                _mm256_loadu_si256(reinterpret_cast<const __m256i*>(masks + 32 * i + at));
            return _mm256_cmpeq_epi16(_mm256_and_si256(here, wanted), wanted);
        };
        const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(test(0), test(16)), 0xD8);
        column |= static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(bytes)))
                  << 32 * i;
    }
#else
    for (int i = 0; i < 64; ++i) column |= static_cast<uint64_t>(masks[i] >> bit & 1) << i;
#endif
    return column;
}

// 2^x for x in [-30, 0]; relative error below 3e-7. Other x give any number, or none.
#if defined(__AVX512F__) && defined(__AVX512DQ__)
AVATAR_INLINE Wide exp2(Wide x) {
    const Wide fraction = _mm512_reduce_ps(x.v, 0x09);  // x less the integer below
    Wide y = fma(fraction, 1.8775767e-3f, 8.9893402e-3f);
    y = fma(y, fraction, 5.5826318e-2f);
    y = fma(y, fraction, 2.4015362e-1f);
    y = fma(y, fraction, 6.9315307e-1f);
    y = fma(y, fraction, 9.9999993e-1f);
    return _mm512_scalef_ps(y.v, x.v);
}
AVATAR_INLINE WidePair exp2(WidePair x) {
    return {exp2(x.low), exp2(x.high)};
}
#else
template <typename F>
AVATAR_INLINE F exp2(F x) {
    const F magic = x + 12582912.0f;  // 1.5 * 2^23: rounds to an integer, kept in the low bits
    const F fraction = x - (magic - 12582912.0f);
    F y = fma(fraction, 1.3333558e-3f, 9.6181291e-3f);
    y = fma(y, fraction, 5.5504109e-2f);
    y = fma(y, fraction, 2.4022651e-1f);
    y = fma(y, fraction, 6.9314718e-1f);
    y = fma(y, fraction, 1.0f);
    return scale_by_exponent(y, magic);
}
#endif

// The binary logarithm of normal positive x; absolute error below 2e-7 times the result's size.
AVATAR_INLINE Wide log2(Wide x) {
    const Wide raw = mantissa(x);
    const auto upper = raw > 1.41421356f;
    const Wide m = select(upper, raw * 0.5f, raw) - 1.0f;
    const Wide whole = exponent(x) + select(upper, Wide(1.0f), Wide(0.0f));
    const Wide y = m / (m + 2.0f);
    const Wide square = y * y;
    Wide series = fma(square, 0.3205989f, 0.4121985831f);
    series = fma(series, square, 0.5770780163f);
    series = fma(series, square, 0.9617966939f);
    series = fma(series, square, 2.885390082f);
    return fma(y, series, whole);
}

// Where `column_sums` puts the sum of values[i].
constexpr int sum_place(int i) {
    return 4 * (i % 4) + i / 4;
}

// Sum the lanes of each of the first kCount of sixteen values; the sums come in sum_place order.
template <int kCount>
AVATAR_INLINE void column_sums(const Wide* values, float* sums) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
    __m512 half[8], quarter[4], pair[2];
    for (int i = 0; i < 8; ++i) {  // unrolled; values beyond kCount repeat the last
        const __m512 a = values[2 * i < kCount ? 2 * i : kCount - 1].v;
        const __m512 b = values[2 * i + 1 < kCount ? 2 * i + 1 : kCount - 1].v;
        half[i] = 2 * i >= kCount ? half[i - 1]
                                  : _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44),
                                                  _mm512_shuffle_f32x4(a, b, 0xEE));
    }
    for (int i = 0; i < 4; ++i) {
        quarter[i] = 4 * i >= kCount
                         ? quarter[i - 1]
                         : _mm512_add_ps(_mm512_shuffle_f32x4(half[2 * i], half[2 * i + 1], 0x88),
                                         _mm512_shuffle_f32x4(half[2 * i], half[2 * i + 1], 0xDD));
    }
    for (int i = 0; i < 2; ++i) {
        pair[i] = _mm512_add_ps(_mm512_unpacklo_ps(quarter[2 * i], quarter[2 * i + 1]),
                                _mm512_unpackhi_ps(quarter[2 * i], quarter[2 * i + 1]));
    }
    _mm512_storeu_ps(sums, _mm512_add_ps(_mm512_shuffle_ps(pair[0], pair[1], 0x44),
                                         _mm512_shuffle_ps(pair[0], pair[1], 0xEE)));
#elif defined(__AVX2__) && defined(__FMA__)
    __m256 half[16];
    for (int i = 0; i < 16; ++i) {
        half[i] = i < kCount ? _mm256_add_ps(values[i].low.v, values[i].high.v) : half[i - 1];
    }
    for (int i = 0; i < 4; ++i) {
        const __m256 four = _mm256_hadd_ps(_mm256_hadd_ps(half[i], half[4 + i]),
                                           _mm256_hadd_ps(half[8 + i], half[12 + i]));
        _mm_storeu_ps(sums + 4 * i,
                      _mm_add_ps(_mm256_castps256_ps128(four), _mm256_extractf128_ps(four, 1)));
    }
#else
    for (int i = 0; i < 16; ++i) {
        const Wide& x = values[i < kCount ? i : kCount - 1];
        const Float4::Lanes sum = x.low.low.v + x.low.high.v + x.high.low.v + x.high.high.v;
        sums[sum_place(i)] = (sum[0] + sum[2]) + (sum[1] + sum[3]);
    }
#endif
}

}  // namespace avatar::AVATAR_ISA
