"""Old names of modules, and of what is in them: they lead to the new ones, with a warning, for one release.

Code that was written before the rooms had their present names goes on working.
"""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.abc import Loader
    from types import ModuleType

ROOMS = {
    "syntax": "language",
    "checking": "checker",
    "reflection": "models",
    "adapters": "guard",
}
"""A room's old name, and the new one of what is not in :data:`MODULES`."""

MODULES = {
    "adapters.answering": "integrations.plain",
    "adapters.extras": "extras",
    "adapters.guarding": "integrations.plain",
    "adapters.hooks": "integrations.hooks",
    "adapters.http": "integrations.http.app",
    "adapters.inspect": "integrations.inspect",
    "adapters.langchain": "integrations.langchain",
    "adapters.mcp_gate": "integrations.mcp.gateway",
    "adapters.mcp_http": "integrations.mcp.http",
    "adapters.mcp_server": "integrations.mcp.server",
    "adapters.mcp_stdio": "integrations.mcp.stdio",
    "adapters.metrics": "integrations.http.service",
    "adapters.openai": "integrations.openai",
    "adapters.openai_agents": "integrations.openai_agents",
    "adapters.plain": "integrations.plain",
    "adapters.pydantic_ai": "integrations.pydantic_ai",
    "adapters.service": "integrations.http.service",
    "analysis.core": "analysis.program",
    "analysis.ids": "analysis.canonical",
    "checking.candidates": "checker.grounding",
    "checking.engines": "engine.choice",
    "checking.questions": "checker.parsing",
    "checking.serial": "checker.disclosure",
    "agent.actor": "agent.model_policy",
    "agent.arms": "experiments.arms",
    "agent.experiment": "experiments.experiment",
    "agent.lessons": "experiments.players",
    "agent.mirror": "agent.loop",
    "agent.page": "experiments.report",
    "agent.play": "agent.loop",
    "agent.players": "experiments.players",
    "agent.probing": "agent.loop",
    "agent.prompting": "agent.model_policy",
    "agent.report": "experiments.report",
    "agent.results": "experiments.results",
    "agent.running": "experiments.running",
    "agent.scripted": "agent.policies",
    "agent.statistics": "experiments.statistics",
    "agent.training": "experiments.training",
    "agent.worlds": "agent.environment",
    "integrations.mcp.gate": "integrations.mcp.gateway",
    "engine.base": "engine.protocol",
    "engine.evaluate": "engine.bottomup.evaluate",
    "engine.proof": "engine.provenance.proof",
    "memory.episodes": "memory.induction.replay",
    "memory.gate": "memory.induction.gate",
    "memory.merge": "memory.induction.merge",
    "memory.refine": "memory.induction.refine",
    "memory.replay": "memory.induction.replay",
    "reflection.answers": "models.reflection",
    "reflection.cache": "models.clients",
    "reflection.choosing": "models.scoring",
    "reflection.client": "models.clients",
    "reflection.constrained": "models.grammars",
    "reflection.episode": "models.episodes",
    "reflection.gbnf": "models.grammars",
    "reflection.grammar": "models.grammars",
    "reflection.induced": "memory.induction.refine",
    "reflection.larktext": "models.grammars",
    "reflection.llama": "models.scoring",
    "reflection.model": "models.clients",
    "reflection.reflect": "models.reflection",
    "reflection.vocabulary": "models.grammars",
}
"""Modules by their old names that a user may have imported."""

_TOP = "mpr_logic."


class _Old:
    """Finds a module by its old name, and loads it: it is the module of the new name itself."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_TOP):
            return None
        old = fullname.removeprefix(_TOP)
        room, dot, rest = old.partition(".")
        new = MODULES.get(old) or (ROOMS[room] + dot + rest if room in ROOMS else None)
        if not new:
            return None
        from importlib.util import find_spec  # not at the top: hardly anybody has an old name

        if find_spec(_TOP + new) is None:  # what has no new place is missing by its old name
            return None
        return ModuleSpec(fullname, cast("Loader", self), origin=_TOP + new)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        assert spec.origin
        warnings.warn(f"{spec.name} is now {spec.origin}", DeprecationWarning, stacklevel=2)
        found = import_module(spec.origin)
        spec.loader_state = found.__spec__
        return found

    def exec_module(self, module: ModuleType) -> None:
        made = module.__spec__
        if made is not None:  # the machinery has put the old name there
            module.__spec__ = made.loader_state


def names(module: str, **renamed: str) -> Callable[[str], object]:
    """The ``__getattr__`` of a module that gives its classes and functions by their old names as well.

    Args:
        module: the module's name.
        renamed: the new place of each old name, as ``module.name`` below ``mpr_logic``.
    """

    def old(name: str) -> object:
        if name not in renamed:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        place, _, new = renamed[name].rpartition(".")
        warnings.warn(f"{module}.{name} is now {_TOP}{renamed[name]}", DeprecationWarning, stacklevel=2)
        return getattr(import_module(_TOP + place), new)

    return old


def install() -> None:
    """Let the old names be found. A second call changes nothing."""
    if not any(isinstance(finder, _Old) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Old())
