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

// Where in their triangles kDoubleLanes pixels of a row lie, all in double, from the corners as
// they came (not snapped). `from` has each pixel's `Corners` at its place, counted in floats.
struct Perspective {
    Doubles x[3], y[3], z[3];  // corners, about the pixel's centre
    Doubles flat[3];           // areas of the triangles opposite the corners, not below 0
    Doubles turn[3];     // how they grow with the signed areas: 1 or -1; 0 where they were cut
                         // or, for a triangle without area but for the snapping, made up
    Doubles weights[3];  // areas over depths, times the product of all depths
    Doubles scale;       // 1 / their sum

    Perspective(const float* from, const int64_t* places, int column, int row) {
        const Doubles zero = 0.0, one = 1.0, down = static_cast<double>(row);
        const Doubles right = load(kDoubleSteps) + static_cast<double>(column);
        for (int i = 0; i < 3; ++i) {
            x[i] = gather_floats(from + i, places, Doubles()) - right;
            y[i] = gather_floats(from + 3 + i, places, Doubles()) - down;
            z[i] = gather_floats(from + 6 + i, places, Doubles());
        }
        for (int i = 0; i < 3; ++i) {
            const int j = (i + 1) % 3, k = (i + 2) % 3;
            flat[i] = x[j] * y[k] - y[j] * x[k];
        }
        const Doubles sign = select(zero > area(), zero - one, one);
        for (int i = 0; i < 3; ++i) {
            const Doubles turned = flat[i] * sign;
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

    Doubles area() const { return flat[0] + flat[1] + flat[2]; }
    Doubles barycentric(int corner) const { return weights[corner] * scale; }
    Doubles depth() const { return area() * z[0] * z[1] * z[2] * scale; }
};

// Where the corners of pixels' triangles lie, counted in floats: triangle i's at i * `stride`.
// Pixels without one get those of another; returns false where no pixel has one.
inline bool place_corners(const int64_t* triangles, int count, int64_t stride, int64_t* places) {
    int64_t any = -1;
    for (int i = 0; i < count; ++i) any = max(any, triangles[i]);
    for (int i = 0; i < kDoubleLanes; ++i) {
        places[i] = stride * (i < count && triangles[i] >= 0 ? triangles[i] : any);
    }
    return any >= 0;
}

// Fill the barycentrics and depths of `count` pixels from (column, row) to the right. The corners
// of triangle i begin at `corners` + i * `stride`.
inline void perspective_row(const float* corners, int64_t stride, const int64_t* triangles,
                            int count, int column, int row, float* barycentrics, float* depths) {
    for (int begin = 0; begin < count; begin += kDoubleLanes) {
        const int size = min(kDoubleLanes, count - begin);
        const int64_t* faces = triangles + begin;
        float* AVATAR_RESTRICT to = barycentrics + 3 * begin;
        float* AVATAR_RESTRICT depths_to = depths + begin;
        alignas(64) int64_t places[kDoubleLanes];
        if (!place_corners(faces, size, stride, places)) {
            for (int i = 0; i < 3 * size; ++i) to[i] = 0;
            for (int i = 0; i < size; ++i) depths_to[i] = __builtin_inff();
            continue;
        }
        const Perspective p(corners, places, column + begin, row);
        alignas(64) float shares[3][kDoubleLanes], depth[kDoubleLanes];
        for (int k = 0; k < 3; ++k) store_floats(shares[k], p.barycentric(k));
        store_floats(depth, p.depth());
        for (int i = 0; i < size; ++i) {
            const bool covered = faces[i] >= 0;
            for (int k = 0; k < 3; ++k) to[3 * i + k] = covered ? shares[k][i] : 0.0f;
            depths_to[i] = covered ? depth[i] : __builtin_inff();
        }
    }
}

// The slopes of kDoubleLanes pixels by their triangles' corners: x, y and depth of one after
// another.
struct CornerSlopes {
    alignas(64) float by[9][kDoubleLanes];
};

inline CornerSlopes perspective_backward(const Perspective& p, const Doubles* barycentric_slopes,
                                         Doubles depth_slope) {
    const Doubles zero = 0.0, one = 1.0;
    const Doubles inverse = p.z[0] * p.z[1] * p.z[2] * p.scale;  // 1 / sum of areas over depths
    Doubles along = depth_slope * p.depth();
    for (int i = 0; i < 3; ++i) along = along + barycentric_slopes[i] * p.barycentric(i);
    CornerSlopes slopes;
    Doubles flat[3];
    for (int i = 0; i < 3; ++i) {
        const Doubles nearness = one / p.z[i];
        const Doubles ratio = (barycentric_slopes[i] - along) * inverse * nearness;
        flat[i] = (ratio + depth_slope * inverse) * p.turn[i];
        store_floats(slopes.by[3 * i + 2], zero - ratio * p.flat[i] * nearness);
    }
    for (int i = 0; i < 3; ++i) {
        const int j = (i + 1) % 3, k = (i + 2) % 3;
        // Corner i is first in the area opposite k, second in that opposite j.
        store_floats(slopes.by[3 * i], flat[k] * p.y[j] - flat[j] * p.y[k]);
        store_floats(slopes.by[3 * i + 1], flat[j] * p.x[k] - flat[k] * p.x[j]);
    }
    return slopes;
}

}  // namespace avatar::AVATAR_ISA
