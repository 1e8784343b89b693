"""Access to the packages of the alfworld extra: its PDDL domain, its grammar, and two parsers.

alfworld's files are found without importing the package, since that makes a folder in the home.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mpr_logic.errors import GameError


@cache
def shipped_domain() -> str:
    """The text of the package's PDDL domain. Raises GameError where the package is not installed."""
    return _text("alfred.pddl")


@cache
def shipped_grammar() -> str:
    """The text of the package's grammar, its task still open. Raises GameError as :func:`shipped_domain`."""
    return _text("alfred.twl2")


@cache
def pddl_parser() -> tuple[Any, Any]:
    """Fast Downward's two PDDL parsers: of brackets, and of what they mean. Raises GameError without them."""
    arguments = sys.argv
    # its modules parse the command line of the process when they are imported
    sys.argv = ["translate", "domain", "task"]
    try:
        from fast_downward.translate.pddl_parser import lisp_parser, parsing_functions
    except ImportError:
        raise _missing() from None
    finally:
        sys.argv = arguments
    return lisp_parser, parsing_functions


@cache
def textworld_modules() -> tuple[Any, Any, Any]:
    """TextWorld's readers: of TWL2 files, of the right-hand sides in them, and of rules. Raises GameError."""
    try:
        import textworld.logic
        from textworld.envs.pddl import logic, textgen
    except ImportError:
        raise _missing() from None
    return logic, textgen, textworld.logic.Rule


def _missing() -> GameError:
    return GameError("the alfworld extra is not installed: `pip install 'mpr-logic[alfworld]'`")


def _text(name: str) -> str:
    # to find a package is not to import it
    found = find_spec("alfworld")
    if found is None or not found.submodule_search_locations:
        raise _missing()
    path = Path(found.submodule_search_locations[0]) / "data" / name
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise GameError(f"the alfworld package lacks {path}: {error.strerror}; install it anew") from None
