// What the bindings of every op share.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>

namespace avatar {

template <typename T>
T* pointer(uintptr_t address) {
    return reinterpret_cast<T*>(address);
}

// For an Allocator whose context is a Python function: `allocate(bytes)` returns the address of
// memory that Python owns. Takes the interpreter's lock.
inline void* allocate_in_python(void* context, std::size_t bytes) {
    nanobind::gil_scoped_acquire locked;
    try {
        const nanobind::object address = (*static_cast<nanobind::callable*>(context))(bytes);
        return pointer<void>(nanobind::cast<uintptr_t>(address));
    } catch (...) {
        return nullptr;
    }
}

// Each op adds its functions to the module.
void bind_antialias(nanobind::module_& module);
void bind_image_loss(nanobind::module_& module);
void bind_interpolate(nanobind::module_& module);
void bind_sample_texture(nanobind::module_& module);
void bind_rasterize_mesh(nanobind::module_& module);
void bind_rasterize_splats(nanobind::module_& module);
void bind_rasterize_splats_on_gpu(nanobind::module_& module);
void bind_skin(nanobind::module_& module);

}  // namespace avatar
