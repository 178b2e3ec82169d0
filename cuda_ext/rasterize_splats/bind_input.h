// What the bindings of the splat rasteriser, on the CPU and on the GPU, take from Python.
#pragma once

#include <nanobind/stl/array.h>

#include <array>

#include "common/bind.h"
#include "rasterize_splats/rasterize_splats.h"

namespace avatar {

// Addresses in the order of RasterizeSplatsInput's pointers.
using SplatAddresses = std::array<uintptr_t, 8>;
// Rotation, translation, focal lengths, centre.
using CameraValues = std::array<float, 16>;

inline RasterizeSplatsInput splats_input(const SplatAddresses& addresses, int64_t splats,
                                         int feature_count, int harmonic_count,
                                         const CameraValues& camera, std::array<int, 2> size,
                                         std::array<float, 2> near_and_blur, bool antialiased,
                                         int threads) {
    RasterizeSplatsInput in{};
    in.means = pointer<const float>(addresses[0]);
    in.rotations = pointer<const float>(addresses[1]);
    in.scales = pointer<const float>(addresses[2]);
    in.opacities = pointer<const float>(addresses[3]);
    in.features = pointer<const float>(addresses[4]);
    in.harmonics = pointer<const float>(addresses[5]);
    in.offsets = pointer<const float>(addresses[6]);
    in.background = pointer<const float>(addresses[7]);
    in.splats = splats;
    in.feature_count = feature_count;
    in.harmonic_count = harmonic_count;
    for (int i = 0; i < 9; ++i) in.rotation[i] = camera[i];
    for (int i = 0; i < 3; ++i) in.translation[i] = camera[9 + i];
    in.focal_x = camera[12];
    in.focal_y = camera[13];
    in.centre_x = camera[14];
    in.centre_y = camera[15];
    in.height = size[0];
    in.width = size[1];
    in.near = near_and_blur[0];
    in.blur = near_and_blur[1];
    in.antialiased = antialiased;
    in.threads = threads;
    return in;
}

}  // namespace avatar
