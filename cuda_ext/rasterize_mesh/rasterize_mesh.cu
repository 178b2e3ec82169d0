// The mesh rasteriser on a GPU: a warp for every triangle, twice. First every pixel learns how near
// the nearest triangle is, then which is the first of those so near: exact, whatever comes first.
#include "common/group.h"
#include "common/machine.h"
#include "rasterize_mesh/perspective.h"

namespace avatar::AVATAR_ISA {
namespace {

constexpr int kLarge = 2048;  // pixels of a box from which on all warps share a triangle
constexpr int kSharers = 2048;

AVATAR_DEVICE uint64_t bits_of(double x) {
    union {
        double x;
        uint64_t bits;
    } both;
    both.x = x;
    return both.bits;
}

AVATAR_DEVICE bool is_valid(const RasterizeMeshInput& in, int64_t face) {
    bool valid = face >= 0 && face < in.face_count;
    for (int i = 0; valid && i < 3; ++i) {
        const int64_t vertex = in.faces[3 * face + i];
        valid = vertex >= 0 && vertex < in.vertex_count;
    }
    return valid;
}

// Fills triangles: `kNames` false leaves how near, true which.
template <bool kNames>
struct FillTriangles {
    RasterizeMeshInput in;
    int64_t* triangles;
    uint64_t* nearest;      // bits of 1 / depth: positive doubles sort as those do
    uint32_t* large_count;  // triangles left to `FillLarge`
    int64_t* large;         //

    struct Box {
        int left, top, width, height;
    };

    // A triangle's corners and box; false if it is left out.
    AVATAR_DEVICE bool prepare(int64_t index, Corners& corners, Box& box) const {
        const int64_t face = index % in.face_count;
        if (!is_valid(in, face)) return false;
        corners = corners_of(in.view(index / in.face_count), face);
        double x[3], y[3], depth[3];
        for (int i = 0; i < 3; ++i) {
            x[i] = corners.x[i];
            y[i] = corners.y[i];
            depth[i] = corners.z[i];
        }
        const Bounds<double> b = bounds_of(in, x, y, depth);
        if (!b.kept || b.left > b.right || b.top > b.bottom) return false;
        box = {static_cast<int>(b.left), static_cast<int>(b.top),
               static_cast<int>(b.right - b.left) + 1, static_cast<int>(b.bottom - b.top) + 1};
        return true;
    }

    AVATAR_DEVICE void visit(const Planes& planes, int64_t index, const Box& box, int x,
                             int y) const {
        const auto at = [&](const Plane& plane) {
            return plane.value + x * plane.by_x + y * plane.by_y;
        };
        for (const Plane& edge : planes.edges) {
            if (!(at(edge) >= 0)) return;
        }
        const double nearness = at(planes.nearness);
        if (!(nearness > 0)) return;
        const int64_t pixel = index / in.face_count * in.area() +
                              static_cast<int64_t>(box.top + y) * in.width + box.left + x;
        if constexpr (!kNames) {
            max_into(nearest + pixel, bits_of(nearness));
        } else if (bits_of(nearness) == nearest[pixel]) {
            // No triangle is -1, the largest of all.
            min_into(reinterpret_cast<uint64_t*>(triangles + pixel),
                     static_cast<uint64_t>(index % in.face_count));
        }
    }

    template <typename Warp>
    AVATAR_DEVICE void operator()(Warp, int64_t index) const {
        Corners corners;
        Box box;
        if (!prepare(index, corners, box)) return;
        if (static_cast<int64_t>(box.width) * box.height > kLarge) {
            if constexpr (!kNames) Warp::once([&] { large[count_up(large_count)] = index; });
            return;
        }
        const Planes planes = planes_at(corners, box.left, box.top);
        Warp::share(box.width * box.height, [&](int64_t i) {
            const int place = static_cast<int>(i);
            visit(planes, index, box, place % box.width, place / box.width);
        });
    }
};

// Every warp fills some rows of all large triangles.
template <bool kNames>
struct FillLarge {
    FillTriangles<kNames> fill;

    template <typename Warp>
    AVATAR_DEVICE void operator()(Warp, int64_t sharer) const {
        for (uint32_t i = 0; i < *fill.large_count; ++i) {
            Corners corners;
            typename FillTriangles<kNames>::Box box;
            if (!fill.prepare(fill.large[i], corners, box)) continue;
            const Planes planes = planes_at(corners, box.left, box.top);
            for (int y = static_cast<int>(sharer); y < box.height; y += kSharers) {
                Warp::share(box.width, [&](int64_t x) {
                    fill.visit(planes, fill.large[i], box, static_cast<int>(x), y);
                });
            }
        }
    }
};

// Where a pixel lies in the triangle it sees.
AVATAR_DEVICE Perspective<double> perspective_at(const RasterizeMeshInput& in, int64_t triangle,
                                                 int64_t pixel) {
    const Corners corners = corners_of(in.view(pixel / in.area()), triangle);
    const int64_t place = pixel % in.area();
    const double column = static_cast<double>(place % in.width);
    const double row = static_cast<double>(place / in.width);
    Perspective<double> p;
    for (int i = 0; i < 3; ++i) {
        p.x[i] = corners.x[i] - column;
        p.y[i] = corners.y[i] - row;
        p.z[i] = corners.z[i];
    }
    p.solve();
    return p;
}

struct FillPerspective {
    RasterizeMeshInput in;
    const int64_t* triangles;
    float* barycentrics;
    float* depths;

    AVATAR_DEVICE void operator()(int64_t pixel) const {
        const int64_t triangle = triangles[pixel];
        float* to = barycentrics + 3 * pixel;
        if (!is_valid(in, triangle)) {
            to[0] = to[1] = to[2] = 0;
            depths[pixel] = INFINITY;
            return;
        }
        const Perspective<double> p = perspective_at(in, triangle, pixel);
        for (int k = 0; k < 3; ++k) to[k] = static_cast<float>(p.barycentric(k));
        depths[pixel] = static_cast<float>(p.depth());
    }
};

// Sums what the pixels of a warp owe to the corners of their triangles.
struct GatherCorners {
    RasterizeMeshInput in;
    const int64_t* triangles;
    const float* barycentric_gradient;
    const float* depth_gradient;
    float* pixel_gradient;
    float* vertex_depth_gradient;

    template <typename Warp>
    AVATAR_DEVICE void operator()(Warp, int64_t index) const {
        // A warp's pixels lie in one view: those of the next begin with a warp of their own.
        const int64_t warps = (in.area() + 31) / 32, view = index / warps;
        const int64_t first = index % warps * 32, start = view * in.area() + first;
        const auto triangle_of = [&](int lane) {
            if (first + lane >= in.area()) return int64_t{-1};
            const int64_t triangle = triangles[start + lane];
            return is_valid(in, triangle) ? triangle : -1;
        };
        typename Warp::Float slopes[9];
        Warp::template many<9>(slopes, [&](int lane, float* to) {
            const int64_t triangle = triangle_of(lane), pixel = start + lane;
            for (int k = 0; k < 9; ++k) to[k] = 0;
            if (triangle < 0) return;
            const float* by = barycentric_gradient + 3 * pixel;
            const double shares[3] = {by[0], by[1], by[2]};
            double by_corners[9];
            perspective_backward(perspective_at(in, triangle, pixel), shares,
                                 static_cast<double>(depth_gradient[pixel]), by_corners);
            for (int k = 0; k < 9; ++k) to[k] = static_cast<float>(by_corners[k]);
        });
        add_by_name<9>(Warp(), triangle_of, slopes, [&](int64_t triangle, int k) {
            const int64_t vertex = view * in.vertex_count + in.faces[3 * triangle + k / 3];
            return k % 3 == 2 ? vertex_depth_gradient + vertex
                              : pixel_gradient + 2 * vertex + k % 3;
        });
    }
};

template <bool kNames>
void fill_triangles(Machine& machine, const FillTriangles<kNames>& fill) {
    machine.each_warp(fill.in.views * fill.in.face_count, fill);
    machine.each_warp(kSharers, FillLarge<kNames>{fill});
}

}  // namespace

void rasterize_mesh(const RasterizeMeshInput& in, const RasterizeMeshOutput& out) {
    Machine machine(in.place);
    const int64_t area = in.views * in.area();
    auto* nearest = machine.take<uint64_t>(area);
    auto* large_count = machine.take<uint32_t>(1);
    auto* large = machine.take<int64_t>(in.views * in.face_count);
    machine.fill(nearest, 0, area * sizeof(uint64_t));
    machine.fill(large_count, 0, sizeof(uint32_t));
    machine.fill(out.triangles, 0xff, area * sizeof(int64_t));
    if (in.face_count) {
        fill_triangles<false>(machine, {in, out.triangles, nearest, large_count, large});
        fill_triangles<true>(machine, {in, out.triangles, nearest, large_count, large});
    }
    machine.each(area, FillPerspective{in, out.triangles, out.barycentrics, out.depths});
    machine.check();
}

void perspective_barycentrics(const RasterizeMeshInput& in, const int64_t* triangles,
                              float* barycentrics, float* depths) {
    Machine machine(in.place);
    machine.each(in.views * in.area(), FillPerspective{in, triangles, barycentrics, depths});
    machine.check();
}

void perspective_barycentrics_backward(const RasterizeMeshInput& in, const int64_t* triangles,
                                       const float* barycentric_gradient,
                                       const float* depth_gradient, float* pixel_gradient,
                                       float* vertex_depth_gradient) {
    Machine machine(in.place);
    const int64_t vertices = in.views * in.vertex_count;
    machine.fill(pixel_gradient, 0, 2 * vertices * sizeof(float));
    machine.fill(vertex_depth_gradient, 0, vertices * sizeof(float));
    machine.each_warp(in.views * ((in.area() + 31) / 32),
                      GatherCorners{in, triangles, barycentric_gradient, depth_gradient,
                                    pixel_gradient, vertex_depth_gradient});
    machine.check();
}

}  // namespace avatar::AVATAR_ISA
