// From the sums over a splat's pixels to slopes of its projection. `F` is a float, or many at once.
#pragma once

#include "common/portable.h"
#include "rasterize_splats/splat.h"

namespace avatar::AVATAR_ISA {

template <typename F>
struct FootprintGradient {
    ProjectionGradient<F> slope;
    F opacity;  // of the opacity given; not finite where that is 0
};

// `sums` are of each pixel's slope by log2 alpha (in units of alpha), times 1, x, y, xx, xy and yy.
template <typename F>
AVATAR_INLINE FootprintGradient<F> footprint_backward(const Projection<F>& p, F given,
                                                      const F* sums, F depth, bool antialiased) {
    // Slopes by the inverse covariance, then by the covariance itself: -Q (slope) Q.
    const F inverse = F(1.0f) / p.det;
    const F a = p.yy * inverse, b = F(0.0f) - p.xy * inverse, c = p.xx * inverse;
    const F half = -0.5f;
    const F qa = sums[3] * half, qb = sums[4] * half, qc = sums[5] * half;
    const F left = a * qa + b * qb, mid = a * qb + b * qc, low = b * qa + c * qb,
            right = b * qb + c * qc;
    FootprintGradient<F> out;
    ProjectionGradient<F>& slope = out.slope;
    slope.x = a * sums[1] + b * sums[2];
    slope.y = b * sums[1] + c * sums[2];
    slope.depth = depth;
    slope.xx = F(0.0f) - (left * a + mid * b);
    slope.xy = F(-2.0f) * (left * b + mid * c);
    slope.yy = F(0.0f) - (low * b + right * c);
    slope.sharp_det = 0.0f;
    // Where the opacity is cut it has no slope.
    const F fade = antialiased ? sqrt(p.sharp_det / p.det) : F(1.0f);
    const F free = select(F(kMostOpacity) > given * fade, sums[0], F(0.0f));
    out.opacity = free / given;
    if (antialiased) {
        const F det = F(-0.5f) * free / p.det;
        slope.sharp_det = F(0.5f) * free / p.sharp_det;
        slope.xx = slope.xx + det * p.yy;
        slope.yy = slope.yy + det * p.xx;
        slope.xy = slope.xy - F(2.0f) * det * p.xy;
    }
    return out;
}

}  // namespace avatar::AVATAR_ISA
