// What the bindings of every op share.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>

#include "common/instruction_sets.h"
#include "common/place.h"

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

// What Python says of the place: threads of the CPU, or none, a stream of a GPU, and what allocates
// its memory.
using PlaceArguments = std::tuple<int, uintptr_t, std::optional<nanobind::callable> >;

// Valid as long as the arguments are.
inline Place place_of(const PlaceArguments& arguments) {
    const auto& [threads, stream, allocate] = arguments;
    void* context = allocate ? const_cast<nanobind::callable*>(&*allocate) : nullptr;
    return {threads, pointer<void>(stream), {allocate_in_python, context}};
}

// The kernels that run there.
inline const Kernels& kernels_at(const Place& place) {
#ifdef AVATAR_WITH_CUDA
    if (!place.threads) return gpu::kernels;
#endif
    (void)place;
    return active_kernels();
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
