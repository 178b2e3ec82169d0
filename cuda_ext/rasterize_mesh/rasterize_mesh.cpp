// Mesh rasteriser on the CPU: set up triangles, sort them into tiles, fill tile by tile.
//
// Corners are snapped to 1/256 pixel, so that edge functions are integers below 2^53: doubles
// hold them exactly, coverage is decided without rounding, and every instruction set gives the
// same picture. Within a tile triangles come in the order of `faces`, whatever the threads do.
#include "rasterize_mesh/rasterize_mesh.h"

#include <cmath>
#include <cstring>

#include "common/kernel.h"
#include "rasterize_mesh/perspective.h"

namespace avatar::AVATAR_ISA {
namespace {

constexpr int kSubpixelBits = 8;
constexpr int kSubpixels = 1 << kSubpixelBits;
constexpr float kPixelLimit = 1 << 17;
constexpr int kTile = 32;
constexpr int kBlock = 8;  // pixels of a row tested together
static_assert(kTile % kBlock == 0);

// A triangle ready to be filled: one cache line.
struct Triangle {
    int32_t x[3], y[3];         // corners in subpixels, turned so that the area is positive
    int32_t left, top;          // its box in pixels, cut by the picture; empty if right < left
    int32_t right, bottom;      //
    double nearness_weight[3];  // what an edge function's value adds to 1 / depth
};
static_assert(sizeof(Triangle) == 64);

constexpr int32_t kDropped = -1;

int32_t snap(float pixel) {
    return static_cast<int32_t>(std::floor(static_cast<double>(pixel) * kSubpixels + 0.5));
}

// Twice the signed area; positive when a, b, c turn clockwise on screen.
template <typename T>
double doubled_area(const T* x, const T* y) {
    const double abx = static_cast<double>(x[1]) - x[0], aby = static_cast<double>(y[1]) - y[0];
    const double acx = static_cast<double>(x[2]) - x[0], acy = static_cast<double>(y[2]) - y[0];
    return abx * acy - aby * acx;
}

// Compute the record of one triangle; returns false if it is to be left out.
bool set_up(const RasterizeMeshInput& in, int64_t face, Triangle& out) {
    float x[3], y[3];
    double inverse_depth[3];
    for (int corner = 0; corner < 3; ++corner) {
        const int64_t vertex = in.faces[3 * face + corner];
        x[corner] = in.pixels[2 * vertex];
        y[corner] = in.pixels[2 * vertex + 1];
        const float depth = in.depths[vertex];
        // Written so that NaN fails.
        if (!(std::fabs(x[corner]) <= kPixelLimit && std::fabs(y[corner]) <= kPixelLimit)) {
            return false;
        }
        if (!(depth > in.near && depth < INFINITY)) {
            return false;
        }
        inverse_depth[corner] = 1.0 / depth;
        out.x[corner] = snap(x[corner]);
        out.y[corner] = snap(y[corner]);
    }
    const double area = doubled_area(out.x, out.y);
    if (area == 0 || (in.cull_back && area > 0)) {
        return false;
    }
    if (area < 0) {
        swap(out.x[1], out.x[2]);
        swap(out.y[1], out.y[2]);
        swap(inverse_depth[1], inverse_depth[2]);
    }
    for (int corner = 0; corner < 3; ++corner) {
        out.nearness_weight[corner] = inverse_depth[corner] / std::fabs(area);
    }
    const auto lowest = [](const int32_t* v) { return min(v[0], min(v[1], v[2])); };
    const auto highest = [](const int32_t* v) { return max(v[0], max(v[1], v[2])); };
    out.left = max((lowest(out.x) + kSubpixels - 1) >> kSubpixelBits, 0);
    out.top = max((lowest(out.y) + kSubpixels - 1) >> kSubpixelBits, 0);
    out.right = min(highest(out.x) >> kSubpixelBits, in.width - 1);
    out.bottom = min(highest(out.y) >> kSubpixelBits, in.height - 1);
    return out.left <= out.right && out.top <= out.bottom;
}

// An edge function, exact in double: at least 0 for the pixels on the triangle's side, those on
// the edge itself included if the edge owns them.
struct Edge {
    double at_origin;   // its value at the first pixel looked at
    double step_x;      // its growth from a pixel to the next
    double step_y;      //
    double owned_from;  // the least value inside: 0 or, as values are integers, 1
};

Edge edge_between(const Triangle& t, int from, int to, int x, int y) {
    const double along_x = static_cast<double>(t.x[to]) - t.x[from];
    const double along_y = static_cast<double>(t.y[to]) - t.y[from];
    const double to_x = static_cast<double>(x) * kSubpixels - t.x[from];
    const double to_y = static_cast<double>(y) * kSubpixels - t.y[from];
    Edge edge;
    edge.at_origin = along_x * to_y - along_y * to_x;
    edge.step_x = -along_y * kSubpixels;
    edge.step_y = along_x * kSubpixels;
    // Top-left rule: an edge and its reverse never both own a pixel, and one of them does.
    edge.owned_from = (along_y < 0 || (along_y == 0 && along_x > 0)) ? 0.0 : 1.0;
    return edge;
}

// The pixels of one tile: 1 / depth of the nearest triangle so far, and its index.
struct Tile {
    alignas(64) double nearness[kTile * kTile];
    alignas(64) int64_t triangle[kTile * kTile];
};

// Fill the part of a triangle in the tile whose top-left pixel is (left, top).
//
// Kept out of line: inlined into the loop over tiles, GCC 12 forgets that the two pointers below
// are apart, does not vectorise, and the whole rasteriser takes twice as long.
AVATAR_NOINLINE void fill(const Triangle& t, int64_t index, int left, int top, Tile& tile) {
    const int x_begin = max(t.left - left, 0) / kBlock * kBlock;
    const int x_end = min(t.right - left + 1, kTile);
    const int y_begin = max(t.top - top, 0);
    const int y_end = min(t.bottom - top + 1, kTile);
    const Edge a = edge_between(t, 1, 2, left + x_begin, top + y_begin);
    const Edge b = edge_between(t, 2, 0, left + x_begin, top + y_begin);
    const Edge c = edge_between(t, 0, 1, left + x_begin, top + y_begin);
    // Copies, so that the compiler knows that the tile's pixels are not these.
    const double weight_a = t.nearness_weight[0];
    const double weight_b = t.nearness_weight[1];
    const double weight_c = t.nearness_weight[2];
    for (int y = y_begin; y < y_end; ++y) {
        const double row = y - y_begin;
        for (int x = x_begin; x < x_end; x += kBlock) {
            const double column = x - x_begin;
            const double first_a = a.at_origin + row * a.step_y + column * a.step_x;
            const double first_b = b.at_origin + row * b.step_y + column * b.step_x;
            const double first_c = c.at_origin + row * c.step_y + column * c.step_x;
            double* AVATAR_RESTRICT nearness = tile.nearness + y * kTile + x;
            int64_t* AVATAR_RESTRICT triangle = tile.triangle + y * kTile + x;
            for (int i = 0; i < kBlock; ++i) {
                const double in_a = first_a + i * a.step_x;
                const double in_b = first_b + i * b.step_x;
                const double in_c = first_c + i * c.step_x;
                const double near = in_a * weight_a + in_b * weight_b + in_c * weight_c;
                const bool wins = (in_a >= a.owned_from) & (in_b >= b.owned_from) &
                                  (in_c >= c.owned_from) & (near > nearness[i]);
                nearness[i] = wins ? near : nearness[i];
                triangle[i] = wins ? index : triangle[i];
            }
        }
    }
}

// Copy a filled tile into the picture.
void write(const RasterizeMeshInput& in, const RasterizeMeshOutput& out, int left, int top,
           const Tile* tile) {
    const int columns = min(kTile, in.width - left);
    const int rows = min(kTile, in.height - top);
    for (int y = 0; y < rows; ++y) {
        const int64_t start = static_cast<int64_t>(top + y) * in.width + left;
        for (int x = 0; x < columns; ++x) {
            const int64_t pixel = start + x;
            const int64_t face = tile ? tile->triangle[y * kTile + x] : -1;
            out.triangles[pixel] = face;
            float* barycentrics = out.barycentrics + 3 * pixel;
            if (face < 0) {
                barycentrics[0] = barycentrics[1] = barycentrics[2] = 0;
                out.depths[pixel] = INFINITY;
            } else {
                perspective_at(in, face, left + x, top + y).write(barycentrics, out.depths[pixel]);
            }
        }
    }
}

// Which triangles touch each tile, in the order of `faces`: a counting sort in which every thread
// owns a run of triangles and, per tile, a run of places.
class Bins {
  public:
    Bins(const Triangle* triangles, const RasterizeMeshInput& in)
        : triangles_(triangles),
          faces_(in.face_count),
          runs_(in.threads),
          across_((in.width + kTile - 1) / kTile),
          tiles_(static_cast<int64_t>(across_) * ((in.height + kTile - 1) / kTile)),
          places_(static_cast<std::size_t>(runs_ * tiles_ + 1)),
          entries_(count()) {
#pragma omp parallel for num_threads(runs_) schedule(static, 1)
        for (int run = 0; run < runs_; ++run) {
            // Afterwards a place is where the next run's entries of that tile begin.
            each_entry(run, [&](int64_t face, int64_t tile) {
                entries_[places_[tile * runs_ + run]++] = static_cast<int32_t>(face);
            });
        }
    }

    int64_t tiles() const { return tiles_; }
    int left(int64_t tile) const { return static_cast<int>(tile % across_) * kTile; }
    int top(int64_t tile) const { return static_cast<int>(tile / across_) * kTile; }
    int64_t begin(int64_t tile) const { return tile == 0 ? 0 : end(tile - 1); }
    int64_t end(int64_t tile) const { return places_[tile * runs_ + runs_ - 1]; }
    int32_t entry(int64_t place) const { return entries_[place]; }

  private:
    template <typename Visit>
    void each_entry(int run, Visit visit) const {
        for (int64_t face = faces_ * run / runs_; face < faces_ * (run + 1) / runs_; ++face) {
            const Triangle& t = triangles_[face];
            if (t.left == kDropped) {
                continue;
            }
            for (int y = t.top / kTile; y <= t.bottom / kTile; ++y) {
                for (int x = t.left / kTile; x <= t.right / kTile; ++x) {
                    visit(face, static_cast<int64_t>(y) * across_ + x);
                }
            }
        }
    }

    // Fill `places_` with where each run's entries of each tile begin; returns their number.
    int64_t count() {
        std::memset(places_.data(), 0, (runs_ * tiles_ + 1) * sizeof(int64_t));
#pragma omp parallel for num_threads(runs_) schedule(static, 1)
        for (int run = 0; run < runs_; ++run) {
            each_entry(run, [&](int64_t, int64_t tile) { ++places_[tile * runs_ + run]; });
        }
        int64_t total = 0;
        for (int64_t place = 0; place <= runs_ * tiles_; ++place) {
            const int64_t size = places_[place];
            places_[place] = total;
            total += size;
        }
        return total;
    }

    const Triangle* triangles_;
    int64_t faces_;
    int runs_;
    int across_;
    int64_t tiles_;
    Buffer<int64_t> places_;
    Buffer<int32_t> entries_;
};

}  // namespace

void rasterize_mesh(const RasterizeMeshInput& in, const RasterizeMeshOutput& out) {
    Buffer<Triangle> triangles(in.face_count);
#pragma omp parallel for num_threads(in.threads) schedule(static)
    for (int64_t face = 0; face < in.face_count; ++face) {
        if (!set_up(in, face, triangles[face])) {
            triangles[face].left = kDropped;
        }
    }
    const Bins bins(triangles.data(), in);
#pragma omp parallel for num_threads(in.threads) schedule(dynamic, 4)
    for (int64_t index = 0; index < bins.tiles(); ++index) {
        const int left = bins.left(index), top = bins.top(index);
        if (bins.begin(index) == bins.end(index)) {
            write(in, out, left, top, nullptr);
            continue;
        }
        Tile tile;
        std::memset(tile.nearness, 0, sizeof tile.nearness);
        std::memset(tile.triangle, -1, sizeof tile.triangle);
        for (int64_t place = bins.begin(index); place < bins.end(index); ++place) {
            const int32_t face = bins.entry(place);
            fill(triangles[face], face, left, top, tile);
        }
        write(in, out, left, top, &tile);
    }
}

}  // namespace avatar::AVATAR_ISA
