// Smooth outlines on a GPU, and the way back. Edges are walked by a warp each, twice: first every
// pair of neighbouring pixels learns how near the nearest edge between them is, then which is the
// first of those so near. Pixels then gather from the four pairs they are in.
#include "antialias/outline.h"
#include "common/machine.h"

namespace avatar::AVATAR_ISA {
namespace {

constexpr uint32_t kNoEdge = 0xffffffffu;

AVATAR_DEVICE uint64_t bits_of(double x) {
    union {
        double x;
        uint64_t bits;
    } both;
    both.x = x;
    return both.bits;
}

AVATAR_INLINE int64_t area(const AntialiasInput& in) {
    return static_cast<int64_t>(in.height) * in.width;
}

// Nothing waits for the GPU to report a wrong index: what has one is left out.
AVATAR_DEVICE bool is_index(int64_t index, int64_t count) {
    return index >= 0 && index < count;
}

struct FindFacing {
    AntialiasInput in;
    int8_t* facings;
    AVATAR_DEVICE void operator()(int64_t face) const {
        bool valid = true;
        for (int i = 0; i < 3; ++i) {
            valid = valid && is_index(in.faces[3 * face + i], in.vertex_count);
        }
        facings[face] = valid ? static_cast<int8_t>(facing(in, face)) : int8_t{0};
    }
};

// Walks an edge: `kNames` false leaves how near the nearest edge is, true which.
template <bool kNames>
struct WalkEdge {
    AntialiasInput in;
    const int8_t* facings;
    uint64_t* nearest;  // of each pixel and axis: bits of a depth; positive doubles sort as those
    uint32_t* edges;    // of each pixel and axis

    template <typename Warp>
    AVATAR_DEVICE void operator()(Warp, int64_t edge) const {
        const int64_t second = in.edge_faces[2 * edge + 1];
        if (!is_index(in.edge_faces[2 * edge], in.face_count) || second >= in.face_count ||
            !is_index(in.edge_verts[2 * edge], in.vertex_count) ||
            !is_index(in.edge_verts[2 * edge + 1], in.vertex_count) ||
            !is_index(in.edge_opposite[edge], in.vertex_count)) {
            return;
        }
        if (second >= 0 && !is_outline(facings[in.edge_faces[2 * edge]], facings[second])) return;
        const Outline o = outline(in, edge);
        Warp::share(o.high < o.low ? 0 : o.high - o.low + 1, [&](int64_t i) {
            OutlineCrossing crossing;
            double depth;
            if (!cross(in, o, o.low + static_cast<int>(i), crossing, depth)) return;
            const int64_t place = 2 * min(crossing.inner, crossing.outer) + crossing.along;
            if constexpr (!kNames) {
                min_into(nearest + place, bits_of(depth));
            } else if (bits_of(depth) == nearest[place]) {
                min_into(edges + place, static_cast<uint32_t>(edge));
            }
        });
    }
};

// The crossing between a pixel and the next one across the axis that its edge is walked along.
AVATAR_DEVICE bool crossing_at(const AntialiasInput& in, const uint32_t* edges, int64_t pixel,
                               int along, OutlineCrossing& crossing) {
    const uint32_t edge = edges[2 * pixel + along];
    if (edge == kNoEdge) return false;
    const Outline o = outline(in, edge);
    const int step = static_cast<int>(along ? pixel / in.width : pixel % in.width);
    double depth;
    crossing.edge = edge;
    return cross(in, o, step, crossing, depth);
}

// Call visit(crossing) for those that a pixel takes part in, of at most four.
template <typename Visit>
AVATAR_DEVICE void each_crossing(const AntialiasInput& in, const uint32_t* edges, int64_t pixel,
                                 Visit visit) {
    for (int along = 0; along < 2; ++along) {
        // Walked along x, an edge crosses from one row to the next.
        const int64_t step = along ? 1 : in.width;
        const int64_t place = along ? pixel % in.width : pixel / in.width;
        OutlineCrossing crossing;
        if (place > 0 && crossing_at(in, edges, pixel - step, along, crossing)) visit(crossing);
        if (crossing_at(in, edges, pixel, along, crossing)) visit(crossing);
    }
}

struct BlendPixel {
    AntialiasInput in;
    const uint32_t* edges;
    float* result;

    AVATAR_DEVICE void operator()(int64_t pixel) const {
        float* to = result + pixel * in.channels;
        for (int k = 0; k < in.channels; ++k) to[k] = in.picture[pixel * in.channels + k];
        each_crossing(in, edges, pixel, [&](const OutlineCrossing& c) {
            if ((c.cover > 0 ? c.outer : c.inner) != pixel) return;
            const float* inner = in.picture + c.inner * in.channels;
            const float* outer = in.picture + c.outer * in.channels;
            for (int k = 0; k < in.channels; ++k) to[k] += c.cover * (inner[k] - outer[k]);
        });
    }
};

struct PictureSlope {
    AntialiasInput in;
    const uint32_t* edges;
    const float* result_gradient;
    float* picture_gradient;

    AVATAR_DEVICE void operator()(int64_t pixel) const {
        float* to = picture_gradient + pixel * in.channels;
        for (int k = 0; k < in.channels; ++k) to[k] = result_gradient[pixel * in.channels + k];
        each_crossing(in, edges, pixel, [&](const OutlineCrossing& c) {
            const float* slope = result_gradient + (c.cover > 0 ? c.outer : c.inner) * in.channels;
            const float share = c.inner == pixel ? c.cover : -c.cover;
            for (int k = 0; k < in.channels; ++k) to[k] += share * slope[k];
        });
    }
};

// Edges have few crossings: they are added up in any order.
struct EdgeSlope {
    AntialiasInput in;
    const uint32_t* edges;
    const float* result_gradient;
    float* pixel_gradient;

    AVATAR_DEVICE void operator()(int64_t place) const {
        OutlineCrossing c;
        if (!crossing_at(in, edges, place / 2, static_cast<int>(place % 2), c)) return;
        const float* slope = result_gradient + (c.cover > 0 ? c.outer : c.inner) * in.channels;
        const float* inner = in.picture + c.inner * in.channels;
        const float* outer = in.picture + c.outer * in.channels;
        double cover = 0, ends[4];
        for (int k = 0; k < in.channels; ++k) {
            cover += static_cast<double>(slope[k]) * (inner[k] - outer[k]);
        }
        cross_backward(in, outline(in, c.edge), c, cover, ends);
        for (int i = 0; i < 4; ++i) {
            add_to(pixel_gradient + 2 * in.edge_verts[2 * c.edge + i / 2] + i % 2,
                   static_cast<float>(ends[i]));
        }
    }
};

}  // namespace

// What is left for the backward pass is the edge between each pixel and the next, by axis.
bool antialias(const AntialiasInput& in, float* result, const Allocator& allocator) {
    Machine machine(in.place);
    const int64_t places = 2 * area(in);
    auto* edges =
        static_cast<uint32_t*>(allocator.allocate(allocator.context, places * sizeof(uint32_t)));
    if (!edges) return false;
    auto* nearest = machine.take<uint64_t>(places);
    auto* facings = machine.take<int8_t>(in.face_count);
    machine.fill(edges, 0xff, places * sizeof(uint32_t));
    machine.fill(nearest, 0xff, places * sizeof(uint64_t));
    machine.each(in.face_count, FindFacing{in, facings});
    machine.each_warp(in.edge_count, WalkEdge<false>{in, facings, nearest, edges});
    machine.each_warp(in.edge_count, WalkEdge<true>{in, facings, nearest, edges});
    machine.each(area(in), BlendPixel{in, edges, result});
    machine.check();
    return true;
}

void antialias_backward(const AntialiasInput& in, const void* state, int64_t,
                        const float* result_gradient, float* picture_gradient,
                        float* pixel_gradient) {
    Machine machine(in.place);
    const auto* edges = static_cast<const uint32_t*>(state);
    machine.each(area(in), PictureSlope{in, edges, result_gradient, picture_gradient});
    if (pixel_gradient) {
        machine.fill(pixel_gradient, 0, 2 * in.vertex_count * sizeof(float));
        machine.each(2 * area(in), EdgeSlope{in, edges, result_gradient, pixel_gradient});
    }
    machine.check();
}

}  // namespace avatar::AVATAR_ISA
