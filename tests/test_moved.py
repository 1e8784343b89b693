"""Old names of modules lead to the new ones, with a warning, and no module is loaded twice."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import mpr_logic
from mpr_logic.moved import MODULES, ROOMS


@pytest.mark.parametrize("new", sorted(MODULES.values()))
def test_every_new_name_is_a_module(new: str) -> None:
    """The module to which an old name leads exists."""
    assert import_module("importlib.util").find_spec(f"mpr_logic.{new}")


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("adapters.guard", "guard.guard", "Guard"),
        ("adapters.mcp_gate", "integrations.mcp.gateway", "Gateway"),
        ("adapters.plain", "integrations.plain", "guarded"),
        ("syntax.parser", "language.parser", "parse"),
        ("checking.verifier", "checker.verifier", "verify"),
        ("memory.gate", "memory.induction.gate", "Gate"),
        ("reflection.client", "models.clients", "Client"),
        ("agent.play", "agent.loop", "play"),
        ("agent.results", "experiments.results", "Result"),
    ],
)
def test_an_old_name_is_the_new_module(old: str, new: str, name: str) -> None:
    """Importing by the old name warns, and gives the very objects of the new module."""
    program = (
        "import warnings\n"
        "with warnings.catch_warnings(record=True) as said:\n"
        "    warnings.simplefilter('always')\n"
        f"    from mpr_logic.{old} import {name} as first\n"
        f"from mpr_logic.{new} import {name} as second\n"
        "import sys\n"
        "assert first is second\n"
        f"assert sys.modules['mpr_logic.{old}'] is sys.modules['mpr_logic.{new}']\n"
        f"assert sys.modules['mpr_logic.{new}'].__spec__.name == 'mpr_logic.{new}'\n"
        "print(*[each.message for each in said if each.category is DeprecationWarning], sep='\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    assert f"mpr_logic.{old} is now mpr_logic.{new}" in done.stdout


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("integrations.mcp.gate", "Gate", "integrations.mcp.gateway.Gateway"),
        ("integrations.mcp.gateway", "Gates", "integrations.mcp.gateway.Gateways"),
        ("memory.records", "Observation", "memory.records.RuleOutcome"),
        ("models.reflection", "read_episode", "models.episodes.read_episode"),
    ],
)
@pytest.mark.filterwarnings("ignore:mpr_logic.integrations.mcp.gate is now")
def test_an_old_name_in_a_module_is_the_new_one(module: str, old: str, new: str) -> None:
    """A class or function by its old name warns, and is the very object of the new name."""
    place, _, name = new.rpartition(".")
    with pytest.warns(DeprecationWarning, match=f"{old} is now mpr_logic.{new}"):
        found = getattr(import_module(f"mpr_logic.{module}"), old)
    assert found is getattr(import_module(f"mpr_logic.{place}"), name)


def test_a_name_that_never_was_in_a_module_is_missing() -> None:
    """A module with old names has no other names."""
    with pytest.raises(AttributeError, match=r"module 'mpr_logic.memory.records' has no attribute 'Nothing'"):
        import_module("mpr_logic.memory.records").Nothing  # noqa: B018


@pytest.mark.parametrize("old", [*ROOMS, "adapters.nothing_of_the_kind", "nothing_of_the_kind"])
def test_what_never_was_is_not_found(old: str) -> None:
    """A module that is in neither place is missing, as ever."""
    missing = f"mpr_logic.{old}.never" if old in ROOMS else f"mpr_logic.{old}"
    program = f"import {missing}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert f"ModuleNotFoundError: No module named '{missing}'" in done.stderr
    assert f"{missing} is now" not in done.stderr


def test_no_old_name_hides_a_module() -> None:
    """An old name is found before the files are looked at, so no module may have it."""
    top = Path(mpr_logic.__file__).parent
    places = [top.joinpath(*name.split(".")) for name in [*ROOMS, *MODULES]]
    assert not [each for each in places if each.is_dir() or each.with_suffix(".py").exists()]
