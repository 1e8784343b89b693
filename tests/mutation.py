"""Put small slips into the code that decides, one at a time, and run tests against each: `make mutation`.

A copy of the checkout is changed, never the checkout. docs/reference/mutation.md has figures, and how to read
them.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

TOP = Path(__file__).parent.parent
MODULES = [
    *(f"checker/{name}" for name in ("checker", "underway")),
    *(f"engine/{name}" for name in ("builtins", "semiring", "store")),
    *(f"engine/topdown/{name}" for name in ("verdicts", "compiler", "tabling", "memo", "linear")),
    "analysis/influence",
    *(
        f"guard/{name}"
        for name in ("guard", "session", "actions", "calls", "directives", "host", "rules", "store")
    ),
    *(f"guard/{name}" for name in ("conversation", "results")),
    *(f"guard/origins/{name}" for name in ("facts", "hosts", "index", "parts", "records", "spelling")),
]
GUARD = ["guard/test_guard", "guard/test_tools", "guard/test_underway", "guard/test_store", "cases"]
HEARD = [f"guard/test_{name}" for name in ("origin_facts", "origins", "conversation", "labels")]
ENGINE = ["checker/test_verdicts", "checker/test_checker", "engine", "guard/test_guard"]


def selection(module: str) -> list[str]:
    """The tests that are run against a slip in a module: those of the rooms that stand on it."""
    if module.startswith(("guard/origins/", "guard/conversation", "guard/results")):
        names = HEARD
    else:
        names = ENGINE if module.startswith(("engine/", "checker/checker")) else GUARD
    return [f"tests/{name}.py" if "/" in name else f"tests/{name}" for name in names]


def slips(top: Path, modules: list[str]) -> list[Any]:
    """All slips that cosmic-ray knows for these modules, always in the same order."""
    from cosmic_ray.commands import init
    from cosmic_ray.work_db import use_db

    with use_db(str(top / "slips.sqlite")) as database:
        init([Path("mpr_logic", f"{module}.py") for module in modules], database, {})
        found = [slip for item in database.work_items for slip in item.mutations]
    return sorted(
        found, key=lambda s: (str(s.module_path), s.operator_name, str(s.operator_args), s.occurrence)
    )


def meaning(code: str) -> str:
    """The code without annotations, which nothing reads when it runs."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    return ast.dump(tree)


def changed(slip: Any, code: str) -> str | None:
    """The code with the slip; nothing where that is no other program."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    new: str | None = mutate_code(
        code, get_operator(slip.operator_name)(**slip.operator_args), slip.occurrence
    )
    try:
        return None if new is None or meaning(new) == meaning(code) else new
    except SyntaxError:
        return None


def outcome(module: str, top: Path, seconds: float) -> str:
    """The fate of the slip that is in the copy: the first test that failed on it, or that none did."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider"]
    command += ["-m", "not slow and not bench", "--hypothesis-profile=quick", *selection(module)]
    environment = {**os.environ, "PYTHONPATH": str(top), "MPR_FUZZ": "6", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=top, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return "out of time"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return f"killed: {failed[0][:160] if failed else 'pytest itself'}" if done.returncode else "survived"


def main() -> None:
    """Draw slips, try each, and say how many survived."""
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--slips", type=int, default=10, help="how many to draw")
    read.add_argument("--seed", type=int, default=1)
    read.add_argument("--seconds", type=float, default=600, help="for the tests of one slip")
    read.add_argument("--within", nargs="*", default=[""], help="how the names of the modules begin")
    given = read.parse_args()
    modules = [each for each in MODULES if each.startswith(tuple(given.within))]
    counts = dict.fromkeys(("killed", "survived", "out of time"), 0)
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder, "copy")
        shutil.copytree(TOP, top, ignore=shutil.ignore_patterns(".*", "__pycache__", "site", "dist"))
        os.chdir(top)
        drawn = slips(top, modules)
        random.Random(given.seed).shuffle(drawn)
        print(f"{len(drawn)} slips are known; {given.slips} that change what runs are tried", flush=True)
        for slip in drawn:
            if sum(counts.values()) == given.slips:
                break
            path = Path(slip.module_path)
            code = path.read_text(encoding="utf-8")
            new = changed(slip, code)
            if new is None:
                continue
            path.write_text(new, encoding="utf-8")
            found = outcome(path.relative_to("mpr_logic").as_posix(), top, given.seconds)
            path.write_text(code, encoding="utf-8")
            counts[found.partition(":")[0]] += 1
            print(f"{path}: {found}")
            lines = difflib.unified_diff(code.splitlines(), new.splitlines(), n=0, lineterm="")
            print(*(f"  {line}" for line in lines if line[:3] not in ("---", "+++")), sep="\n", flush=True)
    print(counts)


if __name__ == "__main__":
    main()
