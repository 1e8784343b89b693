"""The data files that come with the package: the grammar, the bundled rules, the worlds' data, and the
pages about diagnostics.

In an installed wheel they lie inside the package (``mpr_logic/grammar``, ``mpr_logic/rules``,
``mpr_logic/envs``, ``mpr_logic/docs``); in a checkout they lie beside it.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path

GRAMMAR = "mpr.lark"
TABLES = "mpr.tables.json"
"""The files of the grammar folder: the rule language, and the parse tables made of it."""

_PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


@cache
def grammar_text(name: str) -> str:
    """The text of a file of the grammar folder, such as ``mpr.lark``. Raises FileNotFoundError."""
    return (_folder("grammar") / name).read_text(encoding="utf-8")


def grammar_folder() -> Path:
    """The folder of the grammar files."""
    return _folder("grammar")


def checksum(text: str) -> str:
    """The checksum by which stored parse tables are known to be those of a grammar."""
    return f"{zlib.crc32(text.encode()):08x}"


def rules_folder() -> Path:
    """The folder of the bundled rule files."""
    return _folder("rules")


def diagnostics_folder() -> Path:
    """The folder of the pages about diagnostics, one for each code, such as ``E0201.md``."""
    return _folder("docs") / "diagnostics"


def world_text(name: str) -> str:
    """The text of a world's data file, such as ``alfworld/rooms.json``. Raises FileNotFoundError."""
    inside = _PACKAGE / "envs" / name  # the worlds' code lies there in a checkout too
    path = inside if inside.is_file() else _PACKAGE.parent / "envs" / name
    return path.read_text(encoding="utf-8")
