#include <nanobind/stl/array.h>

#include <array>

#include "common/bind.h"

namespace nb = nanobind;

namespace avatar {
namespace {

// Addresses in the order of SkinInput's pointers; vertices, morphs, joints and poses.
using SkinAddresses = std::array<uintptr_t, 5>;
using SkinSizes = std::array<int64_t, 4>;

SkinInput skin_input(const SkinAddresses& addresses, const SkinSizes& sizes,
                     const PlaceArguments& place) {
    return {pointer<const float>(addresses[0]), pointer<const float>(addresses[1]),
            pointer<const float>(addresses[2]), pointer<const float>(addresses[3]),
            pointer<const float>(addresses[4]), sizes[0],
            static_cast<int>(sizes[1]),         static_cast<int>(sizes[2]),
            static_cast<int>(sizes[3]),         place_of(place)};
}

void skin(const SkinAddresses& addresses, const SkinSizes& sizes, const PlaceArguments& place,
          uintptr_t posed) {
    const SkinInput in = skin_input(addresses, sizes, place);
    nb::gil_scoped_release unlocked;
    kernels_at(in.place).skin(in, pointer<float>(posed));
}

void skin_backward(const SkinAddresses& addresses, const SkinSizes& sizes,
                   const PlaceArguments& place, uintptr_t posed_gradient,
                   std::array<uintptr_t, 5> outputs) {
    const SkinInput in = skin_input(addresses, sizes, place);
    const SkinGradients out{pointer<float>(outputs[0]), pointer<float>(outputs[1]),
                            pointer<float>(outputs[2]), pointer<float>(outputs[3]),
                            pointer<float>(outputs[4])};
    nb::gil_scoped_release unlocked;
    kernels_at(in.place).skin_backward(in, pointer<const float>(posed_gradient), out);
}

}  // namespace

void bind_skin(nb::module_& module) {
    module.def("skin", &skin);
    module.def("skin_backward", &skin_backward);
}

}  // namespace avatar
