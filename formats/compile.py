"""How every Numba kernel of the project is compiled, in one place.

A kernel lives in a file named ``*_kernels.py`` and is decorated with ``@kernel(signature)``.

* Explicit signatures: importing the module compiles it (or loads it from the cache), so that a
  driver can do it once, before the workers start, and no worker compiles anything.
* One cache directory, named by a hash of all kernel files: Numba itself looks only at the file a
  kernel stands in, so a change in a helper of another file would leave a stale caller behind.
* ``nogil`` because tasks may run in threads; ``error_model="numpy"`` because a division must not
  carry an exception path through a hot loop. No ``fastmath``: results are the same everywhere.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

Scalar = Any
"""A number inside a kernel: mypy knows neither its width nor how widths mix."""

PACKAGES = ("formats", "stages", "tokenizer_train", "pipeline", "tokenizer_evaluate", "trainer")


@cache
def kernel_files() -> tuple[Path, ...]:
    """All kernel files of the installed packages, sorted by name."""
    root = Path(__file__).resolve().parent.parent
    return tuple(sorted(p for name in PACKAGES for p in (root / name).rglob("*_kernels.py")))


@cache
def kernel_hash() -> str:
    """16 hexadecimal digits that change whenever any kernel file does."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in kernel_files():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """Where compiled kernels are kept: below ``$XDG_CACHE_HOME``, ``~/.cache`` or a temporary."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "polymill" / f"kernels-{kernel_hash()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir()) / f"polymill-{os.getuid()}" / folder.name
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _use_cache_directory() -> None:
    """Point Numba at the cache; works before and after ``numba`` was imported."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_directory()))
    from numba import config

    config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]  # type: ignore[attr-defined]


def kernel(*signatures: Any, **overrides: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator: compile a function with the project's options for the given signatures.

    Without a signature the function is an inner step, compiled into its callers. A step allocates
    nothing, so Numba need not count references in it: it would do so, atomically, for every array
    at every call, and calls are made for every character (34 against 310 MB/s in MinHash's).
    """
    _use_cache_directory()
    import numba

    options: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}
    options["no_cfunc_wrapper"] = True  # no C code calls a kernel
    if not signatures:
        return lambda function: _for_any_constant(
            numba.njit(**(options | {"_nrt": False} | overrides))(function)
        )
    return numba.njit(list(signatures), **(options | overrides))


def _for_any_constant(step: Any) -> Any:
    """The step, compiled for the types of its arguments alone.

    Numba compiles a function once more for each constant that it is called with somewhere; LLVM
    makes as much of constants when it inlines.
    """
    from numba import types

    resolve = step.get_call_template

    def by_types(args: Any, keywords: Any) -> Any:
        plain = {name: types.unliteral(value) for name, value in keywords.items()}
        return resolve(tuple(types.unliteral(value) for value in args), plain)

    step.get_call_template = by_types
    return step


def step(**overrides: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator: an inner step as ``kernel()`` makes it, without an entry for Python.

    It compiles in half the time, but only kernels may call it: a call from Python crashes.
    """
    return kernel(no_cpython_wrapper=True, **overrides)


def array_types() -> dict[str, Any]:
    """The array types that signatures are made of.

    ``u8``, ``u16``, ``u32``, ``u64``, ``i32``, ``i64``, ``f32``, ``f64`` and ``b1`` are read-only
    C-contiguous vectors (Arrow buffers are read-only; writable arrays are accepted too);
    ``w_`` before the name: a vector that the kernel writes.
    """
    _use_cache_directory()
    from numba import types

    scalars = {
        "u8": types.uint8, "u16": types.uint16, "u32": types.uint32, "u64": types.uint64,
        "i32": types.int32, "i64": types.int64, "f32": types.float32, "f64": types.float64,
        "b1": types.boolean,
    }  # fmt: skip
    read = {name: types.Array(t, 1, "C", readonly=True) for name, t in scalars.items()}
    return read | {f"w_{name}": types.Array(t, 1, "C") for name, t in scalars.items()}
