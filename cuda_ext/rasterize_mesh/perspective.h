// Where in its triangle a pixel's centre lies, in perspective, and the way back for gradients: the
// maths that the CPU's kernels and the GPU's share. `F` is a double, or many at once.
#pragma once

#include "rasterize_mesh/triangle.h"

namespace avatar::AVATAR_ISA {

// From the corners as they came (not snapped).
template <typename F>
struct Perspective {
    F x[3], y[3], z[3];  // corners, about the pixel's centre
    F flat[3];           // areas of the triangles opposite the corners, not below 0
    F turn[3];           // how they grow with the signed areas: 1 or -1; 0 where they were cut
                         // or, for a triangle without area but for the snapping, made up
    F weights[3];        // areas over depths, times the product of all depths
    F scale;             // 1 / their sum

    // Fill the rest in from the corners.
    AVATAR_INLINE void solve() {
        const F zero = 0.0, one = 1.0;
        for (int i = 0; i < 3; ++i) {
            const int j = (i + 1) % 3, k = (i + 2) % 3;
            flat[i] = x[j] * y[k] - y[j] * x[k];
        }
        const F sign = select(zero > area(), zero - one, one);
        for (int i = 0; i < 3; ++i) {
            const F turned = flat[i] * sign;
            turn[i] = select(zero > turned, zero, sign);
            flat[i] = select(turned > zero, turned, zero);
        }
        const auto proper = area() > zero;
        for (int i = 0; i < 3; ++i) {
            turn[i] = select(proper, turn[i], zero);
            flat[i] = select(proper, flat[i], one);
        }
        // One division instead of four.
        weights[0] = flat[0] * z[1] * z[2];
        weights[1] = flat[1] * z[2] * z[0];
        weights[2] = flat[2] * z[0] * z[1];
        scale = one / (weights[0] + weights[1] + weights[2]);
    }

    AVATAR_INLINE F area() const { return flat[0] + flat[1] + flat[2]; }
    AVATAR_INLINE F barycentric(int corner) const { return weights[corner] * scale; }
    AVATAR_INLINE F depth() const { return area() * z[0] * z[1] * z[2] * scale; }
};

// The slopes by a triangle's corners: x, y and depth of one after another.
template <typename F>
AVATAR_INLINE void perspective_backward(const Perspective<F>& p, const F* barycentric_slopes,
                                        F depth_slope, F* slopes) {
    const F zero = 0.0, one = 1.0;
    const F inverse = p.z[0] * p.z[1] * p.z[2] * p.scale;  // 1 / sum of areas over depths
    F along = depth_slope * p.depth();
    for (int i = 0; i < 3; ++i) along = along + barycentric_slopes[i] * p.barycentric(i);
    F flat[3];
    for (int i = 0; i < 3; ++i) {
        const F nearness = one / p.z[i];
        const F ratio = (barycentric_slopes[i] - along) * inverse * nearness;
        flat[i] = (ratio + depth_slope * inverse) * p.turn[i];
        slopes[3 * i + 2] = zero - ratio * p.flat[i] * nearness;
    }
    for (int i = 0; i < 3; ++i) {
        const int j = (i + 1) % 3, k = (i + 2) % 3;
        // Corner i is first in the area opposite k, second in that opposite j.
        slopes[3 * i] = flat[k] * p.y[j] - flat[j] * p.y[k];
        slopes[3 * i + 1] = flat[j] * p.x[k] - flat[k] * p.x[j];
    }
}

}  // namespace avatar::AVATAR_ISA
