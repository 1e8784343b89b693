"""The core cases of the suite, found by name quickly and read one file at a time."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import datalog_conformance
from datalog_conformance.schema import TestCase

CORE = ("basic", "recursion", "negation", "errors")
ROOT = Path(datalog_conformance.__file__).parent / "_tests"
CASE_NAME = re.compile(r"^(?:- )?name: (\S+)$", re.MULTILINE)


def core_cases() -> list[tuple[str, str]]:
    """File (``basic/facts``) and name of every core case, without parsing: the files hold 21 MB."""
    return [
        (f"{folder}/{path.stem}", name)
        for folder in CORE
        for path in sorted((ROOT / folder).glob("*.yaml"))
        for name in CASE_NAME.findall(path.read_text(encoding="utf-8"))
    ]


@lru_cache(maxsize=1)
def _file(file: str) -> dict[str, dict[str, Any]]:
    yaml = import_module("yaml")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same loader in C: 20 times the speed
    raw = yaml.load((ROOT / f"{file}.yaml").read_text(encoding="utf-8"), loader)
    entries = raw.get("tests", [raw])
    return {entry["name"]: {"source": raw.get("source"), **entry} for entry in entries}


def load_case(file: str, name: str) -> TestCase:
    """One case, as the suite's own schema reads it."""
    return TestCase.from_dict(_file(file)[name])


def projecting(file: str) -> bool:
    """Whether a named variable in a negated literal alone means "there is none": in Nemo's file, against
    the suite's own errors folder."""
    return file == "negation/nemo_negation"
