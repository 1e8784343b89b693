"""Packages that only some adapters need, and what to say where one is missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from mpr_logic.errors import GuardError


def needed(module: str, extra: str) -> Any:
    """Import a module that belongs to an extra.

    Raises:
        GuardError: it is not installed; the message says which extra to install.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise GuardError(
            f"the package `{module.partition('.')[0]}` is missing ({error}): pip install 'mpr-logic[{extra}]'"
        ) from None
