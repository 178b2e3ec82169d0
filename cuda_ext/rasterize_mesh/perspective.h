// Where in its triangle a pixel's centre lies, in perspective, and the way back for gradients.
#pragma once

#include "common/kernel.h"
#include "common/wide_double.h"
#include "rasterize_mesh/rasterize_mesh.h"

namespace avatar::AVATAR_ISA {

// A triangle's corners as they came: in the picture, and along the optical axis.
struct Corners {
    float x[3], y[3], z[3];
};

inline Corners corners_of(const RasterizeMeshInput& in, int64_t face) {
    Corners corners;
    for (int i = 0; i < 3; ++i) {
        const int64_t vertex = in.faces[3 * face + i];
        corners.x[i] = in.pixels[2 * vertex];
        corners.y[i] = in.pixels[2 * vertex + 1];
        corners.z[i] = in.depths[vertex];
    }
    return corners;
}

// All in double, from the corners as they came (not snapped).
struct Perspective {
    double x[3], y[3], z[3];  // corners, about the pixel's centre
    double turn;              // 1 or -1, so that areas are positive
    double flat[3];           // areas of the triangles opposite the corners, not below 0
    bool cut[3];              // whether they were
    bool degenerate;          // no area but for the snapping: all three are 1
    double weights[3];        // areas over depths, times the product of all depths
    double scale;             // 1 / their sum

    double barycentric(int corner) const { return weights[corner] * scale; }
    double area() const { return flat[0] + flat[1] + flat[2]; }
    double depth() const { return area() * z[0] * z[1] * z[2] * scale; }
};

inline Perspective perspective_at(const RasterizeMeshInput& in, int64_t face, int column, int row) {
    Perspective p;
    const Corners corners = corners_of(in, face);
    for (int i = 0; i < 3; ++i) {
        p.x[i] = static_cast<double>(corners.x[i]) - column;
        p.y[i] = static_cast<double>(corners.y[i]) - row;
        p.z[i] = corners.z[i];
    }
    for (int i = 0; i < 3; ++i) {
        const int j = (i + 1) % 3, k = (i + 2) % 3;
        p.flat[i] = p.x[j] * p.y[k] - p.y[j] * p.x[k];
    }
    p.turn = p.area() < 0 ? -1.0 : 1.0;
    for (int i = 0; i < 3; ++i) {
        p.flat[i] *= p.turn;
        p.cut[i] = p.flat[i] < 0;
        if (p.cut[i]) p.flat[i] = 0;
    }
    p.degenerate = !(p.area() > 0);
    if (p.degenerate) p.flat[0] = p.flat[1] = p.flat[2] = 1;
    // One division instead of four.
    p.weights[0] = p.flat[0] * p.z[1] * p.z[2];
    p.weights[1] = p.flat[1] * p.z[2] * p.z[0];
    p.weights[2] = p.flat[2] * p.z[0] * p.z[1];
    p.scale = 1 / (p.weights[0] + p.weights[1] + p.weights[2]);
    return p;
}

// The same for kDoubleLanes pixels of a row, from `column` on, without what only gradients need.
// `corners` and those of `places` are where each pixel's `Corners` begin, in floats; `share` is 1
// and `beyond` 0 where there is a triangle, else 0 and infinity.
struct PerspectiveRun {
    alignas(64) int64_t places[kDoubleLanes];
    alignas(64) double share[kDoubleLanes], beyond[kDoubleLanes];
    alignas(64) float barycentrics[3][kDoubleLanes], depth[kDoubleLanes];

    void compute(const float* corners, int column, int row) {
        const Doubles right = load(kDoubleSteps) + static_cast<double>(column);
        const Doubles down = static_cast<double>(row);
        const auto at = [&](int i) { return gather_floats(corners + i, places, Doubles()); };
        const Doubles x0 = at(0) - right, x1 = at(1) - right, x2 = at(2) - right;
        const Doubles y0 = at(3) - down, y1 = at(4) - down, y2 = at(5) - down;
        const Doubles z0 = at(6), z1 = at(7), z2 = at(8);
        Doubles a = x1 * y2 - y1 * x2, b = x2 * y0 - y2 * x0, c = x0 * y1 - y0 * x1;
        const Doubles zero = 0.0, one = 1.0;
        const Doubles turn = select(zero > a + b + c, zero - one, one);
        a = a * turn, b = b * turn, c = c * turn;
        a = select(a > zero, a, zero);
        b = select(b > zero, b, zero);
        c = select(c > zero, c, zero);
        const auto proper = a + b + c > zero;
        a = select(proper, a, one);
        b = select(proper, b, one);
        c = select(proper, c, one);
        const Doubles wa = a * z1 * z2, wb = b * z2 * z0, wc = c * z0 * z1;
        const Doubles scale = load(share) / (wa + wb + wc);
        store_floats(barycentrics[0], wa * scale);
        store_floats(barycentrics[1], wb * scale);
        store_floats(barycentrics[2], wc * scale);
        store_floats(depth, (a + b + c) * z0 * z1 * z2 * scale + load(beyond));
    }
};

// Fill the barycentrics and depths of `count` pixels from (column, row) to the right. Those of
// triangle i begin at `corners` + i * `stride`.
inline void perspective_row(const float* corners, int64_t stride, const int64_t* triangles,
                            int count, int column, int row, float* barycentrics, float* depths) {
    for (int begin = 0; begin < count; begin += kDoubleLanes) {
        const int size = min(kDoubleLanes, count - begin);
        const int64_t* faces = triangles + begin;
        float* AVATAR_RESTRICT to = barycentrics + 3 * begin;
        float* AVATAR_RESTRICT depths_to = depths + begin;
        int64_t any = -1;
        for (int i = 0; i < size; ++i) any = max(any, faces[i]);
        PerspectiveRun run;
        if (any >= 0) {
            for (int i = 0; i < kDoubleLanes; ++i) {
                const bool covered = i < size && faces[i] >= 0;
                run.places[i] = stride * (covered ? faces[i] : any);
                run.share[i] = covered ? 1.0 : 0.0;
                run.beyond[i] = covered ? 0.0 : __builtin_inf();
            }
            run.compute(corners, column + begin, row);
        }
        for (int i = 0; i < size; ++i) {
            for (int k = 0; k < 3; ++k) to[3 * i + k] = any < 0 ? 0 : run.barycentrics[k][i];
            depths_to[i] = any < 0 ? __builtin_inff() : run.depth[i];
        }
    }
}

// Slopes by the corners' x, y and depth: nine numbers, corner after corner.
inline void perspective_backward(const Perspective& p, const float* barycentric_slope,
                                 float depth_slope, float* corner_slopes) {
    const double all = p.z[0] * p.z[1] * p.z[2];
    const double total = 1 / (all * p.scale);  // sum of areas over depths
    double along = 0;
    for (int i = 0; i < 3; ++i) along += barycentric_slope[i] * p.barycentric(i);
    double flat[3], depth[3];
    for (int i = 0; i < 3; ++i) {
        const double ratio = (barycentric_slope[i] - along - depth_slope * p.depth()) / total;
        flat[i] = ratio / p.z[i] + depth_slope / total;
        depth[i] = -ratio * p.flat[i] / (p.z[i] * p.z[i]);
        // Areas that were cut at 0, or made up, do not change with the corners.
        flat[i] = p.degenerate || p.cut[i] ? 0 : flat[i] * p.turn;
    }
    for (int i = 0; i < 3; ++i) {
        const int j = (i + 1) % 3, k = (i + 2) % 3;
        // Corner i is first in the area opposite k, second in that opposite j.
        corner_slopes[3 * i] = static_cast<float>(flat[k] * p.y[j] - flat[j] * p.y[k]);
        corner_slopes[3 * i + 1] = static_cast<float>(flat[j] * p.x[k] - flat[k] * p.x[j]);
        corner_slopes[3 * i + 2] = static_cast<float>(depth[i]);
    }
}

}  // namespace avatar::AVATAR_ISA
