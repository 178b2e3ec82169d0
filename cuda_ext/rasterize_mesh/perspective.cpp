// Barycentrics and depths of pixels whose triangles are known, and the way back to the corners.
//
// On the way back pixels are looked at once, and what neighbours in a row owe to one triangle is
// summed; then every thread owns a run of vertices and adds up what is theirs: sums come in the
// order of the pixels whatever the number of threads.
#include "rasterize_mesh/perspective.h"

#include <cmath>
#include <cstring>

namespace avatar::AVATAR_ISA {

namespace {

// Corners of the triangles of a few pixels, and which of them each pixel sees.
struct CornersSeen {
    Corners corners[kDoubleLanes];
    int64_t triangles[kDoubleLanes];

    CornersSeen(const RasterizeMeshInput& in, const int64_t* faces, int count) {
        for (int i = 0; i < count; ++i) {
            triangles[i] = faces[i] < 0 ? -1 : i;
            if (faces[i] >= 0) corners[i] = corners_of(in, faces[i]);
        }
    }
};

constexpr int64_t kStride = sizeof(Corners) / sizeof(float);

// What a run of pixels of a row owes to the corners of the triangle they see.
struct Debt {
    int64_t triangle;
    float slopes[9];
};

// Fill the debts of a row's pixels; returns how many there are.
int row_debts(const RasterizeMeshInput& in, int row, const int64_t* triangles,
              const float* barycentric_gradient, const float* depth_gradient, Debt* debts) {
    int found = 0;
    Debt debt{-1, {}};
    for (int column = 0; column < in.width; column += kDoubleLanes) {
        const int count = min(kDoubleLanes, in.width - column);
        const int64_t* faces = triangles + column;
        const CornersSeen seen(in, faces, count);
        alignas(64) int64_t places[kDoubleLanes], triples[kDoubleLanes], pixels[kDoubleLanes];
        if (!place_corners(seen.triangles, count, kStride, places)) continue;
        for (int i = 0; i < kDoubleLanes; ++i) {
            pixels[i] = column + min(i, count - 1);
            triples[i] = 3 * pixels[i];
        }
        const Perspective perspective(seen.corners[0].x, places, column, row);
        Doubles by[3];
        for (int k = 0; k < 3; ++k) by[k] = gather_floats(barycentric_gradient + k, triples, by[k]);
        const CornerSlopes slopes =
            perspective_backward(perspective, by, gather_floats(depth_gradient, pixels, Doubles()));
        for (int i = 0; i < count; ++i) {
            if (faces[i] < 0) continue;
            if (debt.triangle != faces[i]) {
                if (debt.triangle >= 0) debts[found++] = debt;
                debt = {faces[i], {}};
            }
            for (int k = 0; k < 9; ++k) debt.slopes[k] += slopes.by[k][i];
        }
    }
    if (debt.triangle >= 0) debts[found++] = debt;
    return found;
}

}  // namespace

void perspective_barycentrics(const RasterizeMeshInput& in, const int64_t* triangles,
                              float* barycentrics, float* depths) {
#pragma omp parallel for num_threads(in.threads) schedule(static)
    for (int row = 0; row < in.height; ++row) {
        const int64_t start = static_cast<int64_t>(row) * in.width;
        for (int column = 0; column < in.width; column += kDoubleLanes) {
            const int count = min(kDoubleLanes, in.width - column);
            const int64_t pixel = start + column;
            const CornersSeen seen(in, triangles + pixel, count);
            perspective_row(seen.corners[0].x, kStride, seen.triangles, count, column, row,
                            barycentrics + 3 * pixel, depths + pixel);
        }
    }
}

void perspective_barycentrics_backward(const RasterizeMeshInput& in, int64_t vertex_count,
                                       const int64_t* triangles, const float* barycentric_gradient,
                                       const float* depth_gradient, float* pixel_gradient,
                                       float* vertex_depth_gradient) {
    const int64_t width = in.width;
    Buffer<Debt> debts(width * in.height);
    Buffer<int> counts(in.height);
#pragma omp parallel for num_threads(in.threads) schedule(static)
    for (int row = 0; row < in.height; ++row) {
        const int64_t start = row * width;
        counts[row] = row_debts(in, row, triangles + start, barycentric_gradient + 3 * start,
                                depth_gradient + start, &debts[start]);
    }
#pragma omp parallel for num_threads(in.threads) schedule(static, 1)
    for (int run = 0; run < in.threads; ++run) {
        const int64_t begin = vertex_count * run / in.threads;
        const int64_t end = vertex_count * (run + 1) / in.threads;
        std::memset(pixel_gradient + 2 * begin, 0, 2 * (end - begin) * sizeof(float));
        std::memset(vertex_depth_gradient + begin, 0, (end - begin) * sizeof(float));
        for (int row = 0; row < in.height; ++row) {
            for (int64_t i = row * width; i < row * width + counts[row]; ++i) {
                for (int corner = 0; corner < 3; ++corner) {
                    const int64_t vertex = in.faces[3 * debts[i].triangle + corner];
                    if (vertex < begin || vertex >= end) continue;
                    const float* slope = debts[i].slopes + 3 * corner;
                    pixel_gradient[2 * vertex] += slope[0];
                    pixel_gradient[2 * vertex + 1] += slope[1];
                    vertex_depth_gradient[vertex] += slope[2];
                }
            }
        }
    }
}

}  // namespace avatar::AVATAR_ISA
