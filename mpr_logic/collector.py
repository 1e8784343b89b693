"""The collector of reference cycles, put to rest while very many objects are made that form none."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def resting() -> Iterator[None]:
    """No collection inside. It costs up to half the time of loading rules or deriving millions of rows,
    and finds nothing there. In several threads it rests until the last of them is done, or less."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
