// Barycentrics and depths of pixels side by side in a row, eight at a time.
#pragma once

#include "common/kernel.h"
#include "common/wide_double.h"
#include "rasterize_mesh/perspective.h"

namespace avatar::AVATAR_ISA {

// Of kDoubleLanes pixels of a row. `from` has each pixel's `Corners` at its place, counted in
// floats.
AVATAR_INLINE Perspective<Doubles> perspective_at(const float* from, const int64_t* places,
                                                  int column, int row) {
    Perspective<Doubles> p;
    const Doubles down = static_cast<double>(row);
    const Doubles right = load(kDoubleSteps) + static_cast<double>(column);
    for (int i = 0; i < 3; ++i) {
        p.x[i] = gather_floats(from + i, places, Doubles()) - right;
        p.y[i] = gather_floats(from + 3 + i, places, Doubles()) - down;
        p.z[i] = gather_floats(from + 6 + i, places, Doubles());
    }
    p.solve();
    return p;
}

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
        const Perspective<Doubles> p = perspective_at(corners, places, column + begin, row);
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

}  // namespace avatar::AVATAR_ISA
