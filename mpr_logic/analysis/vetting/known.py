"""What is known of the place where rules will run, beside the rules themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mpr_logic.analysis.program import Fact
    from mpr_logic.language.ast import Value


@dataclass(frozen=True, slots=True)
class KnownTool:
    """A tool: its name, and the names of its arguments, each with the only values that its schema lets in;
    None where it lets in others too. ``rest``: whether it takes arguments that it does not name."""

    name: str
    arguments: Mapping[str, frozenset[Value] | None] = field(default_factory=dict)
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """``tools``: those that there are; None where only the rules name them. ``functions``: the relations
    that functions of the host fill. ``facts``: those of the state at the start. ``theta``: the weight from
    which a forbid rejects."""

    tools: Sequence[KnownTool] | None = None
    functions: frozenset[str] = frozenset()
    facts: Sequence[Fact] = ()
    theta: float = 0.9
