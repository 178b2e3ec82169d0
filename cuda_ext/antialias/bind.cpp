#include <nanobind/stl/array.h>

#include <array>

#include "common/bind.h"

namespace nb = nanobind;

namespace avatar {
namespace {

// Addresses in the order of AntialiasInput's pointers; vertices, faces, edges, height, width and
// channels.
using AntialiasAddresses = std::array<uintptr_t, 8>;
using AntialiasSizes = std::array<int64_t, 6>;

AntialiasInput antialias_input(const AntialiasAddresses& addresses, const AntialiasSizes& sizes,
                               const PlaceArguments& place) {
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
            sizes[2],
            static_cast<int>(sizes[3]),
            static_cast<int>(sizes[4]),
            static_cast<int>(sizes[5]),
            place_of(place)};
}

void antialias(const AntialiasAddresses& addresses, const AntialiasSizes& sizes,
               const PlaceArguments& place, uintptr_t result, nb::callable allocate) {
    const AntialiasInput in = antialias_input(addresses, sizes, place);
    bool done;
    {
        nb::gil_scoped_release unlocked;
        done = kernels_at(in.place).antialias(in, pointer<float>(result),
                                              {allocate_in_python, &allocate});
    }
    if (!done) throw std::bad_alloc();
}

void antialias_backward(const AntialiasAddresses& addresses, const AntialiasSizes& sizes,
                        const PlaceArguments& place, uintptr_t state, int64_t state_size,
                        uintptr_t result_gradient, uintptr_t picture_gradient,
                        uintptr_t pixel_gradient) {
    const AntialiasInput in = antialias_input(addresses, sizes, place);
    nb::gil_scoped_release unlocked;
    kernels_at(in.place).antialias_backward(
        in, pointer<const void>(state), state_size, pointer<const float>(result_gradient),
        pointer<float>(picture_gradient), pointer<float>(pixel_gradient));
}

}  // namespace

void bind_antialias(nb::module_& module) {
    module.def("antialias", &antialias);
    module.def("antialias_backward", &antialias_backward);
}

}  // namespace avatar
