// Mesh rasteriser on the CPU: set up triangles, sort them into tiles, fill tile by tile.
//
// Edge functions are exact (see triangle.h): every instruction set gives the same picture. Within a
// tile triangles come in the order of `faces`, whatever the threads do.
#include "rasterize_mesh/rasterize_mesh.h"

#include <cmath>
#include <cstring>

#include "common/kernel.h"
#include "rasterize_mesh/perspective_row.h"

namespace avatar::AVATAR_ISA {
namespace {

constexpr int kTile = 32;
using Block = OneRegister;  // pixels of a row tested together
constexpr int kBlock = Block::kSize;
static_assert(kTile % kBlock == 0);

// A triangle ready to be filled: one cache line, for they are many and lie far apart.
struct alignas(64) Triangle {
    Corners corners;
    int32_t left, top;      // its box in pixels, cut by the picture; dropped if left is kDropped
    int32_t right, bottom;  //
};
static_assert(sizeof(Triangle) == 64);

constexpr int32_t kDropped = -1;
constexpr int kAhead = 8;  // triangles asked for before they are filled: they lie far apart

// Compute the records of `count` triangles, at most kDoubleLanes; those to be left out are dropped.
void set_up(const RasterizeMeshInput& in, int64_t first_face, int count, Triangle* out) {
    constexpr int64_t kStride = sizeof(Triangle) / sizeof(float);
    alignas(64) int64_t places[kDoubleLanes];
    for (int i = 0; i < kDoubleLanes; ++i) {
        if (i < count) out[i].corners = corners_of(in, first_face + i);
        places[i] = kStride * min(i, count - 1);
    }
    const float* from = out->corners.x;
    Doubles x[3], y[3], depth[3];
    for (int i = 0; i < 3; ++i) {
        x[i] = gather_floats(from + i, places, Doubles());
        y[i] = gather_floats(from + 3 + i, places, Doubles());
        depth[i] = gather_floats(from + 6 + i, places, Doubles());
    }
    const Bounds<Doubles> bounds = bounds_of(in, x, y, depth);
    const uint32_t kept = bits(bounds.kept);
    alignas(64) double left[kDoubleLanes], right[kDoubleLanes];
    alignas(64) double top[kDoubleLanes], bottom[kDoubleLanes];
    store(left, bounds.left);
    store(right, bounds.right);
    store(top, bounds.top);
    store(bottom, bounds.bottom);
    for (int i = 0; i < count; ++i) {
        if (!(kept >> i & 1) || left[i] > right[i] || top[i] > bottom[i]) {
            out[i].left = kDropped;
            continue;
        }
        out[i].left = static_cast<int32_t>(left[i]);
        out[i].top = static_cast<int32_t>(top[i]);
        out[i].right = static_cast<int32_t>(right[i]);
        out[i].bottom = static_cast<int32_t>(bottom[i]);
    }
}

// The pixels of one tile: 1 / depth of the nearest triangle so far, and its index.
struct Tile {
    alignas(64) double nearness[kTile * kTile];
    alignas(64) int64_t triangle[kTile * kTile];
};

// Fill the part of a triangle in the tile whose top-left pixel is (left, top).
void fill(const Triangle& t, int64_t index, int left, int top, Tile& tile) {
    const int x_begin = max(t.left - left, 0), x_end = min(t.right - left + 1, kTile);
    const int y_begin = max(t.top - top, 0), y_end = min(t.bottom - top + 1, kTile);
    const Planes planes = planes_at(t.corners, left + x_begin, top + y_begin);
    const Plane &a = planes.edges[0], &b = planes.edges[1], &c = planes.edges[2];
    const Plane& d = planes.nearness;
    double name;  // the index's bits: one mask chooses it and its nearness
    std::memcpy(&name, &index, sizeof name);
    for (int x = x_begin / kBlock * kBlock; x < x_end; x += kBlock) {
        const Block column = load(kDoubleSteps, Block()) + static_cast<double>(x - x_begin);
        Block in_a = column * a.by_x + a.value, in_b = column * b.by_x + b.value;
        Block in_c = column * c.by_x + c.value, near = column * d.by_x + d.value;
        for (int y = y_begin; y < y_end; ++y) {
            double* nearness = tile.nearness + y * kTile + x;
            double* triangle = reinterpret_cast<double*>(tile.triangle + y * kTile + x);
            const Block nearest = load(nearness, Block());
            const auto wins = (in_a >= 0.0) & (in_b >= 0.0) & (in_c >= 0.0) & (near > nearest);
            store(nearness, select(wins, near, nearest));
            store(triangle, select(wins, Block(name), load(triangle, Block())));
            in_a = in_a + a.by_y;
            in_b = in_b + b.by_y;
            in_c = in_c + c.by_y;
            near = near + d.by_y;
        }
    }
}

// Copy a filled tile into the picture.
void write(const RasterizeMeshInput& in, const RasterizeMeshOutput& out, int left, int top,
           const Tile& tile, const Triangle* triangles) {
    const int columns = min(kTile, in.width - left), rows = min(kTile, in.height - top);
    for (int y = 0; y < rows; ++y) {
        const int64_t start = static_cast<int64_t>(top + y) * in.width + left;
        const int64_t* seen = tile.triangle + y * kTile;
        perspective_row(triangles->corners.x, sizeof(Triangle) / sizeof(float), seen, columns, left,
                        top + y, out.barycentrics + 3 * start, out.depths + start);
        for (int x = 0; x < columns; ++x) out.triangles[start + x] = seen[x];
    }
}

// The same for a tile that no triangle touches.
void write_nothing(const RasterizeMeshInput& in, const RasterizeMeshOutput& out, int left,
                   int top) {
    const int columns = min(kTile, in.width - left), rows = min(kTile, in.height - top);
    for (int y = 0; y < rows; ++y) {
        const int64_t start = static_cast<int64_t>(top + y) * in.width + left;
        for (int x = 0; x < columns; ++x) out.triangles[start + x] = -1;
        for (int x = 0; x < columns; ++x) out.depths[start + x] = INFINITY;
        for (int i = 0; i < 3 * columns; ++i) out.barycentrics[3 * start + i] = 0;
    }
}

// Which triangles touch each tile, in the order of `faces`: a counting sort in which every thread
// owns a run of triangles and, per tile, a run of places.
class Bins {
  public:
    Bins(const Triangle* triangles, const RasterizeMeshInput& in)
        : triangles_(triangles),
          faces_(in.face_count),
          runs_(in.place.threads),
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

void rasterize_view(const RasterizeMeshInput& in, const RasterizeMeshOutput& out) {
    Buffer<Triangle> triangles(in.face_count);
#pragma omp parallel for num_threads(in.place.threads) schedule(static)
    for (int64_t face = 0; face < in.face_count; face += kDoubleLanes) {
        const int64_t rest = in.face_count - face;
        set_up(in, face, rest < kDoubleLanes ? static_cast<int>(rest) : kDoubleLanes,
               &triangles[face]);
    }
    const Bins bins(triangles.data(), in);
#pragma omp parallel for num_threads(in.place.threads) schedule(dynamic, 4)
    for (int64_t index = 0; index < bins.tiles(); ++index) {
        const int left = bins.left(index), top = bins.top(index);
        if (bins.begin(index) == bins.end(index)) {
            write_nothing(in, out, left, top);
            continue;
        }
        Tile tile;
        std::memset(tile.nearness, 0, sizeof tile.nearness);
        std::memset(tile.triangle, -1, sizeof tile.triangle);
        const int64_t end = bins.end(index);
        for (int64_t place = bins.begin(index); place < end; ++place) {
            const Triangle& later = triangles[bins.entry(min(place + kAhead, end - 1))];
            prefetch(&later);
            const int32_t face = bins.entry(place);
            fill(triangles[face], face, left, top, tile);
        }
        write(in, out, left, top, tile, triangles.data());
    }
}

}  // namespace

void rasterize_mesh(const RasterizeMeshInput& in, const RasterizeMeshOutput& out) {
    for (int view = 0; view < in.views; ++view) {
        const int64_t start = in.area() * view;
        rasterize_view(in.view(view),
                       {out.triangles + start, out.barycentrics + 3 * start, out.depths + start});
    }
}

}  // namespace avatar::AVATAR_ISA
