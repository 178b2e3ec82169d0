// Smooth outlines, and the way back.
//
// Edges are walked by all threads; the few crossings they find are put into the picture by one, in
// the order of the edges, so that results are the same bits whatever the threads do.
#include "antialias/antialias.h"

#include <cstring>

#include "antialias/outline.h"
#include "common/kernel.h"

namespace avatar::AVATAR_ISA {
namespace {

// The crossings of every run of edges, in order.
class Crossings {
  public:
    explicit Crossings(const AntialiasInput& in)
        : in_(in),
          begins_(in.place.threads + 1),
          ends_(in.place.threads),
          facing_(in.face_count + 1) {
#pragma omp parallel for num_threads(in.place.threads) schedule(static)
        for (int64_t face = 0; face < in.face_count; ++face) {
            facing_[face] = static_cast<int8_t>(facing(in, face));
        }
        Buffer<int64_t> steps(in.place.threads);
#pragma omp parallel for num_threads(in.place.threads) schedule(static, 1)
        for (int run = 0; run < in.place.threads; ++run) {
            steps[run] = 0;
            each_outline(run, [&](int64_t, const Outline& o) { steps[run] += o.high - o.low + 1; });
        }
        int64_t total = 0;
        for (int run = 0; run < in.place.threads; ++run) {
            begins_[run] = total;
            total += steps[run];
        }
        found_ = static_cast<Found*>(::operator new((total + 1) * sizeof(Found)));
#pragma omp parallel for num_threads(in.place.threads) schedule(static, 1)
        for (int run = 0; run < in.place.threads; ++run) {
            int64_t next = begins_[run];
            each_outline(run, [&](int64_t edge, const Outline& o) {
                for (int step = o.low; step <= o.high; ++step) {
                    Found& found = found_[next];
                    if (!cross(in, o, step, found.crossing, found.depth)) continue;
                    found.crossing.edge = edge;
                    ++next;
                }
            });
            ends_[run] = next;
        }
    }
    ~Crossings() { ::operator delete(found_); }
    Crossings(const Crossings&) = delete;
    Crossings& operator=(const Crossings&) = delete;

    // Keep, between the same two pixels, the one whose edge is nearest (the first of equals);
    // returns how many.
    int64_t keep_nearest() {
        const int64_t area = static_cast<int64_t>(in_.height) * in_.width;
        Buffer<int32_t> best(2 * area);  // of each pixel and axis: place among those kept so far
#pragma omp parallel for num_threads(in_.place.threads) schedule(static, 1)
        for (int run = 0; run < in_.place.threads; ++run) {
            const int64_t begin = 2 * area * run / in_.place.threads;
            const int64_t end = 2 * area * (run + 1) / in_.place.threads;
            std::memset(&best[begin], -1, (end - begin) * sizeof(int32_t));
        }
        int64_t kept = 0;
        for (int run = 0; run < in_.place.threads; ++run) {
            for (int64_t i = begins_[run]; i < ends_[run]; ++i) {
                const OutlineCrossing& crossing = found_[i].crossing;
                const int64_t pair = min(crossing.inner, crossing.outer);
                int32_t& place = best[2 * pair + crossing.along];
                if (place < 0) {
                    place = static_cast<int32_t>(kept);
                    found_[kept++] = found_[i];
                } else if (found_[i].depth < found_[place].depth) {
                    found_[place] = found_[i];
                }
            }
        }
        return kept;
    }

    const OutlineCrossing& operator[](int64_t place) const { return found_[place].crossing; }

  private:
    struct Found {
        OutlineCrossing crossing;
        double depth;
    };

    template <typename Visit>
    void each_outline(int run, Visit visit) const {
        const int64_t end = in_.edge_count * (run + 1) / in_.place.threads;
        for (int64_t edge = in_.edge_count * run / in_.place.threads; edge < end; ++edge) {
            const int64_t second = in_.edge_faces[2 * edge + 1];
            if (second >= 0 && !is_outline(facing_[in_.edge_faces[2 * edge]], facing_[second])) {
                continue;
            }
            const Outline o = outline(in_, edge);
            if (o.low <= o.high) visit(edge, o);
        }
    }

    const AntialiasInput& in_;
    Buffer<int64_t> begins_, ends_;
    Buffer<int8_t> facing_;
    Found* found_;
};

void copy(const AntialiasInput& in, const float* from, float* to) {
    const int64_t size = static_cast<int64_t>(in.height) * in.width * in.channels;
#pragma omp parallel for num_threads(in.place.threads) schedule(static, 1)
    for (int run = 0; run < in.place.threads; ++run) {
        const int64_t begin = size * run / in.place.threads,
                      end = size * (run + 1) / in.place.threads;
        std::memcpy(to + begin, from + begin, (end - begin) * sizeof(float));
    }
}

}  // namespace

bool antialias(const AntialiasInput& in, float* result, const Allocator& allocator) {
    Crossings crossings(in);
    const int64_t count = crossings.keep_nearest();
    auto* kept = static_cast<OutlineCrossing*>(
        allocator.allocate(allocator.context, count * sizeof(OutlineCrossing)));
    if (!kept) return false;
    copy(in, in.picture, result);
    for (int64_t i = 0; i < count; ++i) {
        const OutlineCrossing& c = kept[i] = crossings[i];
        const float* inner = in.picture + c.inner * in.channels;
        const float* outer = in.picture + c.outer * in.channels;
        float* to = result + (c.cover > 0 ? c.outer : c.inner) * in.channels;
        for (int k = 0; k < in.channels; ++k) to[k] += c.cover * (inner[k] - outer[k]);
    }
    return true;
}

// What is left for the backward pass are the crossings.
void antialias_backward(const AntialiasInput& in, const void* state, int64_t state_size,
                        const float* result_gradient, float* picture_gradient,
                        float* pixel_gradient) {
    const auto* crossings = static_cast<const OutlineCrossing*>(state);
    const int64_t crossing_count = state_size / static_cast<int64_t>(sizeof(OutlineCrossing));
    copy(in, result_gradient, picture_gradient);
    if (pixel_gradient) std::memset(pixel_gradient, 0, 2 * in.vertex_count * sizeof(float));
    for (int64_t i = 0; i < crossing_count; ++i) {
        const OutlineCrossing& c = crossings[i];
        const float* slope = result_gradient + (c.cover > 0 ? c.outer : c.inner) * in.channels;
        const float* inner = in.picture + c.inner * in.channels;
        const float* outer = in.picture + c.outer * in.channels;
        float* to_inner = picture_gradient + c.inner * in.channels;
        float* to_outer = picture_gradient + c.outer * in.channels;
        double cover = 0;
        for (int k = 0; k < in.channels; ++k) {
            cover += static_cast<double>(slope[k]) * (inner[k] - outer[k]);
            to_inner[k] += c.cover * slope[k];
            to_outer[k] -= c.cover * slope[k];
        }
        if (!pixel_gradient) continue;
        double ends[4];
        cross_backward(in, outline(in, c.edge), c, cover, ends);
        for (int end = 0; end < 2; ++end) {
            float* to = pixel_gradient + 2 * in.edge_verts[2 * c.edge + end];
            to[0] += static_cast<float>(ends[2 * end]);
            to[1] += static_cast<float>(ends[2 * end + 1]);
        }
    }
}

}  // namespace avatar::AVATAR_ISA
