#include <nanobind/stl/array.h>

#include <array>

#include "common/bind.h"
#include "common/instruction_sets.h"

namespace nb = nanobind;

namespace avatar {
namespace {

// Addresses in the order of AntialiasInput's pointers; faces, edges, height, width and channels.
using AntialiasAddresses = std::array<uintptr_t, 8>;
using AntialiasSizes = std::array<int64_t, 5>;

AntialiasInput antialias_input(const AntialiasAddresses& addresses, const AntialiasSizes& sizes,
                               int threads) {
    return {pointer<const float>(addresses[0]),
            pointer<const float>(addresses[1]),
            pointer<const float>(addresses[2]),
            pointer<const float>(addresses[3]),
            pointer<const int64_t>(addresses[4]),
            pointer<const int64_t>(addresses[5]),
            pointer<const int64_t>(addresses[6]),
            pointer<const int64_t>(addresses[7]),
            sizes[0],
            sizes[1],
            static_cast<int>(sizes[2]),
            static_cast<int>(sizes[3]),
            static_cast<int>(sizes[4]),
            threads};
}

void antialias(const AntialiasAddresses& addresses, const AntialiasSizes& sizes, int threads,
               uintptr_t result, nb::callable allocate) {
    const AntialiasInput in = antialias_input(addresses, sizes, threads);
    bool done;
    {
        nb::gil_scoped_release unlocked;
        done =
            active_kernels().antialias(in, pointer<float>(result), {allocate_in_python, &allocate});
    }
    if (!done) throw std::bad_alloc();
}

void antialias_backward(const AntialiasAddresses& addresses, const AntialiasSizes& sizes,
                        int threads, uintptr_t crossings, int64_t crossing_count,
                        int64_t vertex_count, uintptr_t result_gradient, uintptr_t picture_gradient,
                        uintptr_t pixel_gradient) {
    const AntialiasInput in = antialias_input(addresses, sizes, threads);
    nb::gil_scoped_release unlocked;
    active_kernels().antialias_backward(
        in, pointer<const OutlineCrossing>(crossings), crossing_count, vertex_count,
        pointer<const float>(result_gradient), pointer<float>(picture_gradient),
        pointer<float>(pixel_gradient));
}

}  // namespace

void bind_antialias(nb::module_& module) {
    module.def("antialias", &antialias);
    module.def("antialias_backward", &antialias_backward);
}

}  // namespace avatar
