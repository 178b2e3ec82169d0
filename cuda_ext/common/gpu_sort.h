// Sorting and summing up on a GPU: apart from gpu.h, for CUB takes long to compile.
#pragma once

#include <cstdint>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>
#include <cuda/std/functional>

#include "common/gpu.h"

namespace avatar::AVATAR_ISA {

template <typename Key>
void Gpu::sort(Key* keys, uint32_t* values, Key* sorted_keys, uint32_t* sorted_values,
               int64_t count, int bits, void* scratch, std::size_t scratch_size) {
    if (count == 0) return;
    note(cub::DeviceRadixSort::SortPairs(scratch, scratch_size, keys, sorted_keys, values,
                                         sorted_values, static_cast<int>(count), 0, bits, stream_));
}

template <typename Count>
void Gpu::scan(const Count* counts, uint64_t* sums, int64_t count, void* scratch,
               std::size_t scratch_size) {
    if (count == 0) return;
    note(cub::DeviceScan::ExclusiveScan(scratch, scratch_size, counts, sums, cuda::std::plus<>(),
                                        uint64_t{0}, static_cast<int>(count), stream_));
}

template <typename Key>
std::size_t Gpu::scratch_size(int64_t count) {
    std::size_t sort = 0, scan = 0;
    const Key* in = nullptr;
    Key* out = nullptr;
    uint64_t* sums = nullptr;
    cub::DeviceRadixSort::SortPairs(nullptr, sort, in, out, in, out, static_cast<int>(count));
    cub::DeviceScan::ExclusiveScan(nullptr, scan, in, sums, cuda::std::plus<>(), uint64_t{0},
                                   static_cast<int>(count));
    return sort > scan ? sort : scan;
}

}  // namespace avatar::AVATAR_ISA
