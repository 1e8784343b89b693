"""Methods of an experiment: those of the paper, its baselines, and ablations, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from typing import Literal as OneOf

if TYPE_CHECKING:
    from mpr_logic.agent.model_policy import Disclosure, Style

Guidance: TypeAlias = OneOf["none", "retrieved", "whole"]
Rules: TypeAlias = OneOf["none", "learned", "hand", "simulator"]


@dataclass(frozen=True, slots=True)
class Method:
    """One way to act.

    ``rules`` says which rules are there at all: those learned in training, those written by hand, or the
    simulator's own list of what can be done, which no agent has (privileged). ``guidance`` are those that
    the policy is told of before it proposes (soft); with ``check`` each proposal must be admissible (hard).
    ``weights``: a learned rule counts by its evidence, else every one is law. ``refine``: the gate makes
    roughly right rules right, else it refuses them. ``disclose`` is what a rejection says. ``admitted``: the
    policy chooses among what is admissible alone. ``style``: whether a model thinks aloud before it acts
    (ReAct); ``reflexion``: whether it writes itself a lesson after a failure and tries the same task again
    (Reflexion). A policy that is no model pays no heed to ``style``, ``reflexion`` and ``admitted``.
    """

    name: str
    rules: Rules = "none"
    guidance: Guidance = "none"
    check: bool = False
    style: Style = "act"
    reflexion: bool = False
    weights: bool = True
    refine: bool = True
    disclose: Disclosure = "repair"
    admitted: bool = False

    @property
    def privileged(self) -> bool:
        """Whether it knows what no agent could."""
        return self.rules == "simulator"

    @property
    def learns(self) -> bool:
        """Whether its rules come from training."""
        return self.rules == "learned"


METHODS = {
    method.name: method
    for method in (
        Method("act only"),
        Method("ReAct", style="react"),
        Method("Reflexion", reflexion=True),
        Method("MPR", rules="learned", guidance="retrieved"),
        Method("MPR+HAC", rules="learned", guidance="retrieved", check=True),
        Method("HAC learned", rules="learned", check=True),
        Method("MPR+HAC by hand", rules="hand", guidance="retrieved", check=True),
        Method("HAC simulator", rules="simulator", check=True),
        Method("MPR whole memory", rules="learned", guidance="whole"),
        Method("MPR+HAC unweighted", rules="learned", guidance="retrieved", check=True, weights=False),
        Method("MPR+HAC unrefined", rules="learned", guidance="retrieved", check=True, refine=False),
        Method("MPR+HAC bare", rules="learned", guidance="retrieved", check=True, disclose="bare"),
        Method("MPR+HAC reason", rules="learned", guidance="retrieved", check=True, disclose="reason"),
        Method("MPR+HAC admitted", rules="learned", guidance="retrieved", check=True, admitted=True),
    )
}
"""The methods of the paper (Wu, Qu: Meta-Policy Reflexion, 2025, section 4), its baselines (Yao et al.:
ReAct, 2023; Shinn et al.: Reflexion, 2023), and ablations of one thing each."""
