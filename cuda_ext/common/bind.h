// What the bindings of every op share.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>

namespace avatar {

template <typename T>
T* pointer(uintptr_t address) {
    return reinterpret_cast<T*>(address);
}

// Each op adds its functions to the module.
void bind_image_loss(nanobind::module_& module);
void bind_interpolate(nanobind::module_& module);
void bind_sample_texture(nanobind::module_& module);
void bind_rasterize_mesh(nanobind::module_& module);
void bind_rasterize_splats(nanobind::module_& module);

}  // namespace avatar
