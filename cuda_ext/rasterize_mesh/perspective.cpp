// Barycentrics and depths of pixels whose triangles are known, and the way back to the corners.
//
// On the way back pixels are looked at once, and what neighbours in a row owe to one triangle is
// summed; then every thread owns a run of vertices and adds up what is theirs: sums come in the
// order of the pixels whatever the number of threads.
#include <cmath>
#include <cstring>

#include "rasterize_mesh/perspective_row.h"

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
        const Perspective<Doubles> perspective =
            perspective_at(seen.corners[0].x, places, column, row);
        Doubles by[3], by_corners[9];
        for (int k = 0; k < 3; ++k) by[k] = gather_floats(barycentric_gradient + k, triples, by[k]);
        perspective_backward(perspective, by, gather_floats(depth_gradient, pixels, Doubles()),
                             by_corners);
        alignas(64) float slopes[9][kDoubleLanes];
        for (int k = 0; k < 9; ++k) store_floats(slopes[k], by_corners[k]);
        for (int i = 0; i < count; ++i) {
            if (faces[i] < 0) continue;
            if (debt.triangle != faces[i]) {
                if (debt.triangle >= 0) debts[found++] = debt;
                debt = {faces[i], {}};
            }
            for (int k = 0; k < 9; ++k) debt.slopes[k] += slopes[k][i];
        }
    }
    if (debt.triangle >= 0) debts[found++] = debt;
    return found;
}

}  // namespace

void perspective_barycentrics(const RasterizeMeshInput& in, const int64_t* triangles,
                              float* barycentrics, float* depths) {
    const int64_t rows = static_cast<int64_t>(in.views) * in.height;
#pragma omp parallel for num_threads(in.place.threads) schedule(static)
    for (int64_t index = 0; index < rows; ++index) {
        const RasterizeMeshInput view = in.view(index / in.height);
        const int row = static_cast<int>(index % in.height);
        for (int column = 0; column < in.width; column += kDoubleLanes) {
            const int count = min(kDoubleLanes, in.width - column);
            const int64_t pixel = index * in.width + column;
            const CornersSeen seen(view, triangles + pixel, count);
            perspective_row(seen.corners[0].x, kStride, seen.triangles, count, column, row,
                            barycentrics + 3 * pixel, depths + pixel);
        }
    }
}

void perspective_barycentrics_backward(const RasterizeMeshInput& in, const int64_t* triangles,
                                       const float* barycentric_gradient,
                                       const float* depth_gradient, float* pixel_gradient,
                                       float* vertex_depth_gradient) {
    const int64_t width = in.width, rows = static_cast<int64_t>(in.views) * in.height;
    const int64_t vertices = in.views * in.vertex_count;
    Buffer<Debt> debts(width * rows);
    Buffer<int> counts(rows);
#pragma omp parallel for num_threads(in.place.threads) schedule(static)
    for (int64_t index = 0; index < rows; ++index) {
        const int64_t start = index * width;
        counts[index] = row_debts(in.view(index / in.height), static_cast<int>(index % in.height),
                                  triangles + start, barycentric_gradient + 3 * start,
                                  depth_gradient + start, &debts[start]);
    }
#pragma omp parallel for num_threads(in.place.threads) schedule(static, 1)
    for (int run = 0; run < in.place.threads; ++run) {
        const int64_t begin = vertices * run / in.place.threads;
        const int64_t end = vertices * (run + 1) / in.place.threads;
        std::memset(pixel_gradient + 2 * begin, 0, 2 * (end - begin) * sizeof(float));
        std::memset(vertex_depth_gradient + begin, 0, (end - begin) * sizeof(float));
        for (int64_t row = 0; row < rows; ++row) {
            const int64_t first = row / in.height * in.vertex_count;
            for (int64_t i = row * width; i < row * width + counts[row]; ++i) {
                for (int corner = 0; corner < 3; ++corner) {
                    const int64_t vertex = first + in.faces[3 * debts[i].triangle + corner];
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
