#include <stdexcept>

#include "common/bind.h"

namespace nb = nanobind;

namespace avatar {
namespace {

InterpolateInput interpolate_input(uintptr_t triangles, uintptr_t barycentrics, uintptr_t faces,
                                   uintptr_t attributes, int64_t pixel_count, int64_t face_count,
                                   int64_t value_count, int channels, const PlaceArguments& place) {
    return {pointer<const int64_t>(triangles),
            pointer<const float>(barycentrics),
            pointer<const int64_t>(faces),
            pointer<const float>(attributes),
            pixel_count,
            face_count,
            value_count,
            channels,
            place_of(place)};
}

void interpolate(uintptr_t triangles, uintptr_t barycentrics, uintptr_t faces, uintptr_t attributes,
                 int64_t pixel_count, int64_t face_count, int64_t value_count, int channels,
                 const PlaceArguments& place, uintptr_t picture) {
    const InterpolateInput in =
        interpolate_input(triangles, barycentrics, faces, attributes, pixel_count, face_count,
                          value_count, channels, place);
    bool valid;
    {
        nb::gil_scoped_release unlocked;
        valid = kernels_at(in.place).interpolate(in, pointer<float>(picture));
    }
    if (!valid) throw std::out_of_range("an index is out of range");
}

void interpolate_backward(uintptr_t triangles, uintptr_t barycentrics, uintptr_t faces,
                          uintptr_t attributes, int64_t pixel_count, int64_t face_count,
                          int64_t value_count, int channels, const PlaceArguments& place,
                          uintptr_t picture_gradient, uintptr_t barycentric_gradient,
                          uintptr_t attribute_gradient) {
    const InterpolateInput in =
        interpolate_input(triangles, barycentrics, faces, attributes, pixel_count, face_count,
                          value_count, channels, place);
    nb::gil_scoped_release unlocked;
    kernels_at(in.place).interpolate_backward(in, pointer<const float>(picture_gradient),
                                              pointer<float>(barycentric_gradient),
                                              pointer<float>(attribute_gradient));
}

}  // namespace

void bind_interpolate(nb::module_& module) {
    module.def("interpolate", &interpolate);
    module.def("interpolate_backward", &interpolate_backward);
}

}  // namespace avatar
