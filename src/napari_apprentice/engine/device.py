"""Where a network runs: what there is, in words; mixed precision; what running out of memory looks like."""

from __future__ import annotations

import errno
import platform
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch

from napari_apprentice.data.storage.refused_devices import why_refused
from napari_apprentice.errors import UserError
from napari_apprentice.settings import DeviceName

_OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "Invalid buffer size",
    "bad_alloc",
    "can't start new thread",
    "could not create a primitive",  # oneDNN, which has no room for its code
    "could not create a memory object",
    "Broken promise",  # its cache, of what there was no room for
)


@dataclass(frozen=True)
class Device:
    """A device that is really here. ``words`` are for people: "CUDA: NVIDIA H200", "CPU, 2 threads"."""

    name: Literal["cuda", "mps", "cpu"]
    words: str

    @property
    def torch(self) -> torch.device:
        """What tensors are moved to."""
        return torch.device(self.name)

    @property
    def key(self) -> str:
        """What is known of it is known of the same device with the same torch."""
        return f"{self.words}, torch {torch.__version__}"

    @property
    def is_gpu(self) -> bool:
        """Whether mixed precision and large batches pay."""
        return self.name != "cpu"


def available() -> tuple[Device, ...]:
    """The devices that may be used, best first; "auto" takes the first."""
    return tuple(device for device in found() if not (device.is_gpu and why_refused(device.key)))


def found() -> tuple[Device, ...]:
    """All devices here, also those that compute wrongly (`refused_devices`), best first."""
    here: list[Device] = []
    if torch.cuda.is_available():
        here.append(Device("cuda", f"CUDA: {torch.cuda.get_device_name(0)}"))
    if torch.backends.mps.is_available():
        here.append(Device("mps", f"Apple MPS: {platform.processor() or 'GPU'}"))
    threads = torch.get_num_threads()
    here.append(Device("cpu", f"CPU, {threads} thread{'s' if threads != 1 else ''}"))
    return tuple(here)


def gpus() -> int:
    """How many CUDA devices are here; none of them is touched."""
    return torch.cuda.device_count()


def pick(name: DeviceName = "auto") -> Device:
    """The device with this name; `UserError` when it is not here."""
    usable = available()
    if name == "auto":
        return usable[0]
    for device in usable:
        if device.name == name:
            return device
    others = f"choose {' or '.join(device.name for device in usable)}, or auto."
    for device in found():
        if device.name == name:
            raise UserError(f"{why_refused(device.key)} {others.capitalize()}")
    raise UserError(f'The device "{name}" is not available here: {others}')


def mixed_precision(device: Device, *, inference: bool = True) -> AbstractContextManager[object]:
    """Half precision where it is quicker: float16 to predict on a GPU, else bfloat16 (which needs no loss scaling).

    On a processor that computes in bfloat16, predicting takes half the time (a third in 3D) and gives the same labels.
    """
    if not device.is_gpu:
        return torch.autocast("cpu", torch.bfloat16) if _computes_bfloat16() else nullcontext()
    if inference or (device.name == "cuda" and not torch.cuda.is_bf16_supported()):
        return torch.autocast(device.name, dtype=torch.float16)
    return torch.autocast(device.name, dtype=torch.bfloat16)


@cache
def _computes_bfloat16() -> bool:
    """Whether this processor has instructions for it; without them bfloat16 is many times slower."""
    return _has("avx512_bf16") or _has("amx_bf16")


@cache
def computes_float16() -> bool:
    """Whether this processor multiplies matrices in float16; without instructions for it float32 is quicker."""
    return _has("avx512_fp16")


def _has(instructions: str) -> bool:
    known = getattr(torch.cpu, "get_capabilities", None)  # torch 2.9
    return known is not None and bool(known().get(instructions))


def clear_modes() -> None:
    """PyTorch's modes of this thread as they are at first: who ran out of memory may not have left one."""
    torch.set_grad_enabled(True)
    for name in ("cpu", "cuda", *(["mps"] if torch.backends.mps.is_available() else [])):
        torch.set_autocast_enabled(name, False)
    torch.clear_autocast_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this is a device (or the machine) out of memory, in the words of any backend."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM  # of a map, or a new process
    text = str(error)
    return isinstance(error, RuntimeError) and any(words in text for words in _OUT_OF_MEMORY)


def free_memory(device: Device) -> None:
    """Give cached blocks back after an out-of-memory error, before trying again with less."""
    if device.name == "cuda":
        torch.cuda.empty_cache()
    elif device.name == "mps":
        torch.mps.empty_cache()
