// A triangle on its way into the picture: the maths that the CPU's kernels and the GPU's share.
//
// Corners are snapped to 1/256 pixel, so that edge functions are integers below 2^53: doubles
// hold them exactly, and coverage is decided without rounding. `F` is a double, or many at once.
#pragma once

#include <cmath>
#include <cstdint>

#include "common/portable.h"
#include "common/scalar.h"
#include "rasterize_mesh/rasterize_mesh.h"

namespace avatar::AVATAR_ISA {

constexpr int kSubpixels = 256;
constexpr float kPixelLimit = 1 << 17;

// A triangle's corners as they came: in the picture, and along the optical axis.
struct Corners {
    float x[3], y[3], z[3];
};

AVATAR_INLINE Corners corners_of(const RasterizeMeshInput& in, int64_t face) {
    Corners corners;
    for (int i = 0; i < 3; ++i) {
        const int64_t vertex = in.faces[3 * face + i];
        corners.x[i] = in.pixels[2 * vertex];
        corners.y[i] = in.pixels[2 * vertex + 1];
        corners.z[i] = in.depths[vertex];
    }
    return corners;
}

// Corners in subpixels, integers.
template <typename F>
struct Snapped {
    F x[3], y[3];

    // Positive when the corners turn clockwise on screen; exact.
    AVATAR_INLINE F doubled_area() const {
        return (x[1] - x[0]) * (y[2] - y[0]) - (y[1] - y[0]) * (x[2] - x[0]);
    }
};

template <typename F>
AVATAR_INLINE F snap(F pixel) {
    return floor(pixel * static_cast<double>(kSubpixels) + 0.5);
}

// The pixels whose centres may lie in a triangle, cut by the picture; none where `kept` fails or
// the last lies before the first.
template <typename F>
struct Bounds {
    F left, top, right, bottom;
    decltype(F() > F()) kept;
};

template <typename F>
AVATAR_INLINE Bounds<F> bounds_of(const RasterizeMeshInput& in, const F* x, const F* y,
                                  const F* depth) {
    const F limit = static_cast<double>(kPixelLimit), lowest = -static_cast<double>(kPixelLimit);
    const F near = static_cast<double>(in.near), infinite = static_cast<double>(INFINITY);
    const F zero = 0.0, pixel = 1.0 / kSubpixels;
    Snapped<F> snapped;
    Bounds<F> bounds;
    bounds.kept = zero >= zero;
    for (int i = 0; i < 3; ++i) {
        // Written so that NaN fails.
        bounds.kept = bounds.kept & (limit >= x[i]) & (x[i] >= lowest) & (limit >= y[i]) &
                      (y[i] >= lowest) & (depth[i] > near) & (infinite > depth[i]);
        snapped.x[i] = snap(x[i]);
        snapped.y[i] = snap(y[i]);
    }
    const F area = snapped.doubled_area();
    bounds.kept = bounds.kept & ((in.cull_back ? zero - area : area * area) > zero);
    const auto first = [&](const F* corners) {
        const F least = min(corners[0], min(corners[1], corners[2]));
        return max(zero - floor(zero - least * pixel), zero);
    };
    const auto last = [&](const F* corners, int size) {
        const F most = max(corners[0], max(corners[1], corners[2]));
        return min(F(floor(most * pixel)), F(static_cast<double>(size - 1)));
    };
    bounds.left = first(snapped.x);
    bounds.top = first(snapped.y);
    bounds.right = last(snapped.x, in.width);
    bounds.bottom = last(snapped.y, in.height);
    return bounds;
}

// A quantity that is linear in the picture: its value at some pixel, and its growth from there to
// the next.
struct Plane {
    double value, by_x, by_y;
};

// Three edge functions, exact in double and at least 0 for pixels inside, and 1 / depth.
struct Planes {
    Plane edges[3];
    Plane nearness;
};

AVATAR_INLINE Planes planes_at(const Corners& corners, int left, int top) {
    Snapped<double> s;
    for (int i = 0; i < 3; ++i) {
        s.x[i] = snap(static_cast<double>(corners.x[i]));
        s.y[i] = snap(static_cast<double>(corners.y[i]));
    }
    const double area = s.doubled_area();
    const double turn = area < 0 ? -1 : 1;
    const double inverse_area = 1 / (turn * area);
    Planes planes;
    planes.nearness = {0, 0, 0};
    for (int i = 0; i < 3; ++i) {
        const int from = (i + 1) % 3, to = (i + 2) % 3;
        const double along_x = turn * (s.x[to] - s.x[from]);
        const double along_y = turn * (s.y[to] - s.y[from]);
        Plane& edge = planes.edges[i];
        edge.value =
            along_x * (top * kSubpixels - s.y[from]) - along_y * (left * kSubpixels - s.x[from]);
        edge.by_x = -along_y * kSubpixels;
        edge.by_y = along_x * kSubpixels;
        const double weight = inverse_area / corners.z[i];
        planes.nearness.value += weight * edge.value;
        planes.nearness.by_x += weight * edge.by_x;
        planes.nearness.by_y += weight * edge.by_y;
        // Top-left rule: an edge and its reverse never both own the pixels on them, and one does.
        const bool owns = along_y < 0 || (along_y == 0 && along_x > 0);
        if (!owns) edge.value -= 1;
    }
    return planes;
}

}  // namespace avatar::AVATAR_ISA
