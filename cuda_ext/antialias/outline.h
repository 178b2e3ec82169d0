// An edge of a mesh walked across the picture: the maths that the CPU's kernels and the GPU's
// share. In double, as the torch twin has it.
#pragma once

#include <cmath>
#include <cstdint>

#include "antialias/antialias.h"
#include "common/portable.h"

namespace avatar::AVATAR_ISA {

constexpr double kDepthMargin = 1e-3;     // what lies behind an outline is further by so much
constexpr float kOutlineLimit = 1 << 17;  // pixels, as the rasteriser has it

// Which way a triangle faces: -1, 0, 1, or 2 where its corners are nowhere.
AVATAR_INLINE int facing(const AntialiasInput& in, int64_t face) {
    double x[3], y[3];
    for (int i = 0; i < 3; ++i) {
        const int64_t vertex = in.faces[3 * face + i];
        x[i] = in.pixels[2 * vertex];
        y[i] = in.pixels[2 * vertex + 1];
    }
    const double area = (x[1] - x[0]) * (y[2] - y[0]) - (y[1] - y[0]) * (x[2] - x[0]);
    return area > 0 ? 1 : area < 0 ? -1 : area == 0 ? 0 : 2;
}

AVATAR_INLINE bool is_outline(int first, int second) {
    return first != second || first == 2;
}

struct Outline {
    double start[2], end[2];  // pixels
    double near[2];           // 1 / depth of the ends
    int along;                // the axis it is longer on
    bool inner_first;         // the mesh lies on the side of lower coordinates across it
    int low, high;            // pixel columns (or rows) it passes; none if high < low

    AVATAR_INLINE double fraction(int step) const {
        return (step - start[along]) / (end[along] - start[along]);
    }
    AVATAR_INLINE double across(double at) const {
        return start[1 - along] + at * (end[1 - along] - start[1 - along]);
    }
};

AVATAR_INLINE Outline outline(const AntialiasInput& in, int64_t edge) {
    Outline o;
    o.low = 0;
    o.high = -1;
    for (int i = 0; i < 2; ++i) {
        const int64_t vertex = in.edge_verts[2 * edge + i];
        const float x = in.pixels[2 * vertex], y = in.pixels[2 * vertex + 1];
        const float depth = in.depths[vertex];
        // Written so that NaN fails.
        if (!(x >= -kOutlineLimit && x <= kOutlineLimit && y >= -kOutlineLimit &&
              y <= kOutlineLimit && depth > 0 && depth < INFINITY)) {
            return o;
        }
        double* to = i ? o.end : o.start;
        to[0] = x;
        to[1] = y;
        o.near[i] = 1.0 / static_cast<double>(depth);
    }
    const double dx = o.end[0] - o.start[0], dy = o.end[1] - o.start[1];
    o.along = (dy < 0 ? -dy : dy) > (dx < 0 ? -dx : dx);
    const int64_t third = in.edge_opposite[edge];
    const double side =
        dx * (in.pixels[2 * third + 1] - o.start[1]) - dy * (in.pixels[2 * third] - o.start[0]);
    o.inner_first = side * (o.along ? dy : -dx) > 0;
    const double a = o.start[o.along], b = o.end[o.along];
    const double low = ::ceil(a < b ? a : b), high = ::floor(a < b ? b : a);
    const int last = (o.along ? in.height : in.width) - 1;
    o.low = low > 0 ? static_cast<int>(low) : 0;
    o.high = high < last ? static_cast<int>(high) : last;
    return o;
}

// Find out where the outline passes at a step, and how far from the camera; false where it passes
// between no two pixels, or hides nothing.
AVATAR_INLINE bool cross(const AntialiasInput& in, const Outline& o, int step,
                         OutlineCrossing& crossing, double& depth) {
    const double fraction = o.fraction(step), across = o.across(fraction);
    const int breadth = o.along ? in.width : in.height;
    const double first = ::floor(across);
    if (!(first >= 0 && first < breadth - 1)) return false;
    depth = 1 / (o.near[0] + fraction * (o.near[1] - o.near[0]));
    const int index = static_cast<int>(first);
    const int inner = o.inner_first ? index : index + 1, outer = o.inner_first ? index + 1 : index;
    const int64_t width = in.width;
    crossing.along = o.along;
    crossing.inner = o.along ? step * width + inner : inner * width + step;
    crossing.outer = o.along ? step * width + outer : outer * width + step;
    const double distance = across - inner;
    crossing.cover = static_cast<float>((distance < 0 ? -distance : distance) - 0.5);
    const double behind = in.seen[crossing.outer];
    return behind > depth * (1 + kDepthMargin) && in.seen[crossing.inner] < behind;
}

// What the slope of a crossing's cover adds to the edge's ends: start x, y, end x, y.
AVATAR_INLINE void cross_backward(const AntialiasInput& in, const Outline& o,
                                  const OutlineCrossing& crossing, double slope, double* ends) {
    const int row = static_cast<int>(crossing.inner / in.width);
    const int column = static_cast<int>(crossing.inner % in.width);
    const int step = o.along ? row : column, inner = o.along ? column : row;
    const double fraction = o.fraction(step), distance = o.across(fraction) - inner;
    const double turned = distance < 0 ? -slope : distance > 0 ? slope : 0;
    const double length = o.end[o.along] - o.start[o.along];
    const double lean = (o.end[1 - o.along] - o.start[1 - o.along]) / length;
    ends[1 - o.along] = turned * (1 - fraction);
    ends[2 + 1 - o.along] = turned * fraction;
    ends[o.along] = -turned * lean * (1 - fraction);
    ends[2 + o.along] = -turned * lean * fraction;
}

}  // namespace avatar::AVATAR_ISA
