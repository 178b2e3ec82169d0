"""What `avatar doctor` tells of the computing: the native module, threads, CUDA."""

import torch

from avatar.core.finding import Finding
from avatar.ops.native import NATIVE_VARIABLE, has_cuda_kernels, native_error, native_module


def diagnose() -> tuple[Finding, ...]:
    """Return the findings about the native module, torch's threads, and CUDA."""
    return _native(), _threads(), _cuda()


def _native() -> Finding:
    native = native_module()
    if native is None:
        note = f"{native_error()}; the slower torch code is used"
        return Finding(name="native module", state="missing", note=note, good=False)
    supported = ", ".join(native.instruction_sets())
    gpu = "with CUDA kernels" if has_cuda_kernels() else "without CUDA kernels"
    note = f"this CPU runs: {supported}; {gpu}; {NATIVE_VARIABLE}=0 turns it off"
    return Finding(name="native module", state=native.instruction_set(), note=note)


def _threads() -> Finding:
    return Finding(name="threads", state=str(torch.get_num_threads()), note="OMP_NUM_THREADS")


def _cuda() -> Finding:
    if not torch.cuda.is_available():
        built = torch.version.cuda
        note = f"torch built for CUDA {built}, no device" if built else "torch built without CUDA"
        return Finding(name="cuda", state="not used", note=f"{note}; not needed")
    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return Finding(name="cuda", state=f"CUDA {torch.version.cuda}", note=", ".join(names))
