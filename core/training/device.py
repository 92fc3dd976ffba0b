"""The device a run computes on, and its number format."""

import ctypes
import platform
import sys

import torch

from core.config import SettingError, TrainingSettings

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}  # by name, as in the settings


def list_present() -> list[str]:
    """The names of the devices that this machine has, the quickest first."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [name for name, found in present.items() if found]


def choose_device(settings: TrainingSettings) -> torch.device:
    """Where to compute. Raises `SettingError` when the device asked for isn't there."""
    present = list_present()
    if settings.device == "auto":
        return torch.device(present[0])
    if settings.device not in present:
        raise SettingError(f"Device {settings.device} isn't available on this machine; choose auto or cpu.")
    return torch.device(settings.device)


def name_processor(device: torch.device) -> str:
    """The name of the chip that computes."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return torch.cpu.get_capabilities().get("cpu_name") or platform.processor() or platform.machine()


def choose_precision(settings: TrainingSettings, device: torch.device) -> torch.dtype:
    """The number format of matrix products and convolutions.

    "auto" asks the chip: with bfloat16 built in, a step takes a half to two thirds of the time; emulated, it takes
    twice the time (measured on an Ice Lake Xeon without avx512_bf16).
    """
    if settings.precision != "auto":
        return PRECISIONS[settings.precision]
    if device.type == "cuda":
        built_in = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        chip = torch.cpu.get_capabilities()
        built_in = device.type == "cpu" and bool(chip.get("avx512_bf16") or chip.get("amx_bf16"))
    return torch.bfloat16 if built_in else torch.float32


def hold_on_to_memory() -> None:
    """Let the C library keep the memory that a step frees for the next one: Linux with glibc only, nothing elsewhere.

    Otherwise each large tensor is mapped anew and its pages cleared: a fifth of a step on two cores at batch 256.
    """
    if sys.platform == "linux" and platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(-3, 1 << 25)  # M_MMAP_THRESHOLD, 32 MiB: the largest glibc accepts
        library.mallopt(-1, 1 << 28)  # M_TRIM_THRESHOLD, 256 MiB: what may stay behind when training is over
