// Where in its triangle a pixel's centre lies, in perspective, and the way back for gradients.
#pragma once

#include "common/kernel.h"
#include "rasterize_mesh/rasterize_mesh.h"

namespace avatar::AVATAR_ISA {

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

    void write(float* barycentrics, float& depth_out) const {
        for (int i = 0; i < 3; ++i) barycentrics[i] = static_cast<float>(barycentric(i));
        depth_out = static_cast<float>(depth());
    }
};

inline Perspective perspective_at(const RasterizeMeshInput& in, int64_t face, int column, int row) {
    Perspective p;
    for (int corner = 0; corner < 3; ++corner) {
        const int64_t vertex = in.faces[3 * face + corner];
        p.x[corner] = static_cast<double>(in.pixels[2 * vertex]) - column;
        p.y[corner] = static_cast<double>(in.pixels[2 * vertex + 1]) - row;
        p.z[corner] = in.depths[vertex];
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
