// Which kernels run: the best this CPU has, unless one is asked for.
#pragma once

#include <string>
#include <vector>

#include "common/dispatch.h"

namespace avatar {

// The kernels in use.
const Kernels& active_kernels();

// The names of the instruction sets this CPU runs, best last.
std::vector<std::string> instruction_sets();

// Use another one; throws std::invalid_argument for one this CPU does not run.
void use_instruction_set(const std::string& name);

}  // namespace avatar
