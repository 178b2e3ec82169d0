// Memory for the length of a call, kept from call to call: pages that the system hands out afresh
// cost a fault each, which is more than many a kernel takes.
#pragma once

#include <cstddef>

namespace avatar {

// 64-byte aligned; throws std::bad_alloc.
void* take_scratch(std::size_t size);
void return_scratch(void* memory, std::size_t size);

}  // namespace avatar
