// Structural similarity (Wang et al. 2004) of two pictures at a pixel: the maths that the CPU's
// kernels and the GPU's share. `F` is a float, or many at once.
#pragma once

#include <cmath>

#include "common/portable.h"
#include "common/scalar.h"
#include "image_loss/image_loss.h"

namespace avatar::AVATAR_ISA {

constexpr int kRadius = 5;
constexpr int kMoments = 4;  // means of x, y, x^2 + y^2 and xy: all the similarity needs
constexpr int kSlopes = 3;   // of the similarity by the means of x, x^2 and xy
constexpr float kC1 = 0.01f * 0.01f, kC2 = 0.03f * 0.03f;

// The Gaussian's weights, from the middle outwards.
struct Window {
    float weights[kRadius + 1];
    Window() {
        double sum = 0, values[kRadius + 1];
        for (int i = 0; i <= kRadius; ++i) {
            values[i] = std::exp(-i * i / (2 * 1.5 * 1.5));
            sum += values[i] * (i ? 2 : 1);
        }
        for (int i = 0; i <= kRadius; ++i) weights[i] = static_cast<float>(values[i] / sum);
    }
};

template <typename F>
struct Similarity {
    F value, by_mean, by_square, by_product;
};

template <typename F>
AVATAR_INLINE Similarity<F> similarity(F x, F t, F squares, F product) {
    const F two = 2.0f;
    const F mean_product = x * t, mean_squares = fma(x, x, t * t);
    const F a = fma(two, mean_product, F(kC1)), b = fma(two, product - mean_product, F(kC2));
    const F c = mean_squares + F(kC1), d = (squares - mean_squares) + F(kC2);
    const F whole = F(1.0f) / (c * d);
    Similarity<F> s;
    s.value = a * b * whole;
    s.by_product = two * a * whole;
    s.by_square = F(0.0f) - s.value * c * whole;
    s.by_mean = two * (t * b * whole - x * (s.value * d * whole + s.by_square)) - s.by_product * t;
    return s;
}

}  // namespace avatar::AVATAR_ISA
