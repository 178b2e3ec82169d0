// Where a splat shows, and in which blocks of a tile. `F` is a float, or many at once.
#pragma once

#include "common/portable.h"
#include "rasterize_splats/splat.h"

namespace avatar::AVATAR_ISA {

template <typename F>
struct Footprint {
    F x, y, depth;
    F a, b, c, log2_opacity;  // as Splat has them
    F extent_x, extent_y;     //
    F opacity;                // after the blur made it fainter
    F checked;                // 0, or NaN where a number is not finite
    F det;
};

template <typename F>
AVATAR_INLINE Footprint<F> footprint(const Projection<F>& p, F x, F y, F given, bool antialiased) {
    Footprint<F> f;
    f.x = x;
    f.y = y;
    f.depth = p.point[2];
    f.det = p.det;
    f.opacity = antialiased ? given * sqrt(p.sharp_det / p.det) : given;
    f.log2_opacity = min(log2(max(f.opacity, F(1e-30f))), F(kMostLog2Opacity));
    const F reach = max((f.log2_opacity - F(kCut)) * F(2.0f / kLog2E), F(0.0f));
    f.extent_x = sqrt(reach * p.xx);
    f.extent_y = sqrt(reach * p.yy);
    const F inverse = F(1.0f) / p.det;
    const F xx = p.yy * inverse, xy = F(0.0f) - p.xy * inverse, yy = p.xx * inverse;
    f.a = xx * F(-0.5f * kLog2E);
    f.b = xy * F(-kLog2E);
    f.c = yy * F(-0.5f * kLog2E);
    // Zero times a number that is not finite is not zero; false for NaN in every comparison.
    f.checked = (given + x + y + xx + xy + yy + p.det + f.extent_x + f.extent_y) * F(0.0f);
    return f;
}

template <typename F>
AVATAR_INLINE auto shows(const Footprint<F>& f, int width, int height, float near) {
    return (f.depth > F(near)) & (f.log2_opacity > F(kCut)) & (f.det > F(0.0f)) &
           (f.checked >= F(0.0f)) & (f.opacity > F(0.0f)) & (f.x + f.extent_x >= F(0.0f)) &
           (f.y + f.extent_y >= F(0.0f)) & (F(width - 1.0f) >= f.x - f.extent_x) &
           (F(height - 1.0f) >= f.y - f.extent_y);
}

// The tiles a splat's ellipse may touch.
struct TileBox {
    int left, right, top, bottom;  // inclusive; empty if right < left or bottom < top
    AVATAR_INLINE int64_t count() const {
        return right < left || bottom < top
                   ? 0
                   : static_cast<int64_t>(right - left + 1) * (bottom - top + 1);
    }
};

AVATAR_INLINE TileBox tile_box(const Splat& s, const Tiles& tiles) {
    const float last_x = static_cast<float>(tiles.width - 1);
    const float last_y = static_cast<float>(tiles.height - 1);
    return {static_cast<int>(max(0.0f, ::ceilf(s.x - s.extent_x))) / kTile,
            static_cast<int>(min(last_x, ::floorf(s.x + s.extent_x))) / kTile,
            static_cast<int>(max(0.0f, ::ceilf(s.y - s.extent_y))) / kTile,
            static_cast<int>(min(last_y, ::floorf(s.y + s.extent_y))) / kTile};
}

// The most a splat's log2 alpha is, but for its opacity, in a block of 4 x 4 pixels whose first
// pixel is (low_x, low_y) from its centre. A convex function is least, over a rectangle, on the
// side nearest to its centre, horizontally or vertically: two candidates, the better of which
// counts.
template <typename F>
AVATAR_INLINE F most_in_block(const Splat& s, F low_x, F low_y, float lean_x, float lean_y) {
    const F high_x = low_x + F(3.0f), high_y = low_y + F(3.0f);
    const F zero = 0.0f, a = s.a, b = s.b, c = s.c;
    const F side_x = min(max(zero, low_x), high_x);
    const F best_y = min(max(side_x * F(lean_y), low_y), high_y);
    const F side_y = min(max(zero, low_y), high_y);
    const F best_x = min(max(side_y * F(lean_x), low_x), high_x);
    const F first = fma(side_x, fma(a, side_x, b * best_y), c * best_y * best_y);
    const F second = fma(best_x, fma(a, best_x, b * side_y), c * side_y * side_y);
    return max(first, second);
}

// What `most_in_block` is at least where the splat is not fainter than the cut; with some slack for
// rounding: pixels decide for themselves later.
AVATAR_INLINE float least_shown(const Splat& s) {
    return kCut - s.log2_opacity - 1e-4f;
}

}  // namespace avatar::AVATAR_ISA
