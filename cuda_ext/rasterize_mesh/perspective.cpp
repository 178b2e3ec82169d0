// Barycentrics and depths of pixels whose triangles are known, and the way back to the corners.
//
// On the way back pixels are looked at once; then every thread owns a run of vertices and adds up
// what is theirs: sums come in the order of the pixels whatever the number of threads.
#include "rasterize_mesh/perspective.h"

#include <cmath>
#include <cstring>

namespace avatar::AVATAR_ISA {

void perspective_barycentrics(const RasterizeMeshInput& in, const int64_t* triangles,
                              float* barycentrics, float* depths) {
#pragma omp parallel for num_threads(in.threads) schedule(static)
    for (int row = 0; row < in.height; ++row) {
        const int64_t start = static_cast<int64_t>(row) * in.width;
        Corners corners[kDoubleLanes];
        int64_t places[kDoubleLanes];
        for (int column = 0; column < in.width; column += kDoubleLanes) {
            const int count = min(kDoubleLanes, in.width - column);
            for (int i = 0; i < count; ++i) {
                const int64_t face = triangles[start + column + i];
                places[i] = face < 0 ? -1 : i;
                if (face >= 0) corners[i] = corners_of(in, face);
            }
            perspective_row(corners[0].x, sizeof(Corners) / sizeof(float), places, count, column,
                            row, barycentrics + 3 * (start + column), depths + start + column);
        }
    }
}

void perspective_barycentrics_backward(const RasterizeMeshInput& in, int64_t vertex_count,
                                       const int64_t* triangles, const float* barycentric_gradient,
                                       const float* depth_gradient, float* pixel_gradient,
                                       float* vertex_depth_gradient) {
    const int64_t area = static_cast<int64_t>(in.height) * in.width;
    Buffer<float> slopes(9 * area);
#pragma omp parallel for num_threads(in.threads) schedule(static)
    for (int row = 0; row < in.height; ++row) {
        for (int column = 0; column < in.width; ++column) {
            const int64_t pixel = static_cast<int64_t>(row) * in.width + column;
            if (triangles[pixel] < 0) continue;
            perspective_backward(perspective_at(in, triangles[pixel], column, row),
                                 barycentric_gradient + 3 * pixel, depth_gradient[pixel],
                                 &slopes[9 * pixel]);
        }
    }
#pragma omp parallel for num_threads(in.threads) schedule(static, 1)
    for (int run = 0; run < in.threads; ++run) {
        const int64_t begin = vertex_count * run / in.threads;
        const int64_t end = vertex_count * (run + 1) / in.threads;
        std::memset(pixel_gradient + 2 * begin, 0, 2 * (end - begin) * sizeof(float));
        std::memset(vertex_depth_gradient + begin, 0, (end - begin) * sizeof(float));
        for (int64_t pixel = 0; pixel < area; ++pixel) {
            if (triangles[pixel] < 0) continue;
            for (int corner = 0; corner < 3; ++corner) {
                const int64_t vertex = in.faces[3 * triangles[pixel] + corner];
                if (vertex < begin || vertex >= end) continue;
                const float* slope = &slopes[9 * pixel + 3 * corner];
                pixel_gradient[2 * vertex] += slope[0];
                pixel_gradient[2 * vertex + 1] += slope[1];
                vertex_depth_gradient[vertex] += slope[2];
            }
        }
    }
}

}  // namespace avatar::AVATAR_ISA
