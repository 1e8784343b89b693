"""Lints: rules that are valid, and most likely do not mean what their author thinks they do.

There are two groups, as of ``go vet`` and its linters:

- :func:`vet` finds rules that have *lost their grip*: a law about an action that no tool is, a relation that
  nothing fills, a body that cannot hold. A guard runs it before the first call; an error stops it.
- :func:`lint` warns of what reads oddly: a variable that stands once, a fact stated twice.

A lint is a function ``check_...(subject, report)``: it looks at a
:class:`~mpr_logic.analysis.lints.subject.Subject` and calls ``report.error`` or ``report.warn``. To add one:

1. Write the function in a module of this package: in that of its family, or in a new one.
2. Add a line to :data:`VET` or :data:`LINT` below. Findings are sorted by their places, so the order of
   the lines does not matter.
3. Give its code a title in ``CODES`` (``mpr_logic/language/diagnostics.py``) and a row in
   ``docs/reference/diagnostics.md``: ``E06..`` for an error and ``W06..`` for a warning of the first group,
   ``W05..`` for one of the second.
4. Write ``docs/diagnostics/CODE.md`` by the pattern of its neighbours. Its examples are tests: what stands
   under *Wrong* gets this code and no other, what stands under *Right* gets none.
5. Run ``python -m pytest tests/language/test_diagnostics.py tests/analysis tests/docs/test_rules.py``: the
   bundled rules and those of the documentation stay without a finding.

The families share three modules: :mod:`.domains` works out which values a relation may hold,
:mod:`.constraints` whether the items of a body can hold together, :mod:`.deployment` says what is known of
the tools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.analyse import analyse, in_order
from mpr_logic.analysis.lints.anchors import check_anchors
from mpr_logic.analysis.lints.beginnings import check_beginnings
from mpr_logic.analysis.lints.bodies import check_bodies
from mpr_logic.analysis.lints.capitals import check_capitals
from mpr_logic.analysis.lints.classes import check_classes, check_hints
from mpr_logic.analysis.lints.climbing import check_climbing
from mpr_logic.analysis.lints.commands import check_commands
from mpr_logic.analysis.lints.complete import check_complete
from mpr_logic.analysis.lints.constant_times import check_constant_times
from mpr_logic.analysis.lints.constants import check_constants, check_lower_case
from mpr_logic.analysis.lints.conversation import check_conversation
from mpr_logic.analysis.lints.deployment import Deployment, ToolSignature
from mpr_logic.analysis.lints.effects import check_effects
from mpr_logic.analysis.lints.json_times import check_json_times
from mpr_logic.analysis.lints.links import check_links
from mpr_logic.analysis.lints.list_order import check_list_order
from mpr_logic.analysis.lints.lookalikes import check_lookalikes
from mpr_logic.analysis.lints.opaque import check_opaque
from mpr_logic.analysis.lints.origins import check_origins
from mpr_logic.analysis.lints.overrides import check_overrides
from mpr_logic.analysis.lints.parameters import check_parameters
from mpr_logic.analysis.lints.past import check_past
from mpr_logic.analysis.lints.patterns import check_patterns
from mpr_logic.analysis.lints.relations import check_filled, without_source
from mpr_logic.analysis.lints.remainders import check_remainders
from mpr_logic.analysis.lints.spellings import check_spellings
from mpr_logic.analysis.lints.structures import check_structures
from mpr_logic.analysis.lints.style import (
    check_comparisons,
    check_duplicates,
    check_singletons,
    check_subsumed,
    check_unused,
    check_verdicts,
)
from mpr_logic.analysis.lints.subject import Subject
from mpr_logic.analysis.lints.sums import check_sums
from mpr_logic.analysis.lints.swaps import check_swaps
from mpr_logic.analysis.lints.texts import check_case, check_signs
from mpr_logic.analysis.lints.tools import check_actions, check_names
from mpr_logic.analysis.lints.unasked import check_unasked
from mpr_logic.analysis.lints.weights import check_slips, check_weights
from mpr_logic.analysis.lints.words import check_words
from mpr_logic.analysis.report import DiagnosticCollector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    from mpr_logic.analysis.program import Program, Signature
    from mpr_logic.language.ast import Module
    from mpr_logic.language.diagnostics import Diagnostic

    Lint: TypeAlias = Callable[[Subject, DiagnosticCollector], None]

__all__ = ["Deployment", "ToolSignature", "lint", "undeclared_inputs", "vet"]

VET: tuple[Lint, ...] = (
    check_names,  # E0604
    check_actions,  # E0601, E0602, E0603
    check_classes,  # E0640
    check_hints,  # W0641
    check_filled,  # E0601, E0607
    check_constants,  # E0601, E0605, W0605
    check_structures,  # E0642
    check_list_order,  # E0671
    check_lower_case,  # E0606, W0606
    check_capitals,  # W0619, W0635
    check_bodies,  # E0608, W0619
    check_overrides,  # E0609 to E0612, W0613
    check_patterns,  # W0614, W0620, W0621, W0622
    check_climbing,  # E0615, W0615
    check_spellings,  # W0636
    check_beginnings,  # W0628
    check_commands,  # W0675
    check_sums,  # W0674
    check_remainders,  # W0674
    check_anchors,  # W0670, W0671
    check_lookalikes,  # E0670, W0672
    check_signs,  # W0616
    check_weights,  # W0617
    check_slips,  # W0626
    check_case,  # W0618
    check_swaps,  # E0613, W0624, W0673
    check_words,  # W0605, W0623, W0625, W0629, W0630, W0634
    check_links,  # E0614, W0627, W0631
    check_effects,  # W0632, W0633
    check_unasked,  # W0638
    check_opaque,  # W0679
    check_complete,  # W0676
    check_parameters,  # W0642
    check_json_times,  # W0643
    check_past,  # W0644, W0645
    check_constant_times,  # W0646
    check_conversation,  # E0650, E0651, W0650, W0651
    check_origins,  # E0660, E0661, E0662, W0660
    check_comparisons,  # W0506
)
"""The lints that find rules without a grip, with their codes."""

LINT: tuple[Lint, ...] = (
    check_singletons,  # W0501
    check_duplicates,  # W0502
    check_unused,  # W0503
    check_verdicts,  # W0504, W0505
    check_comparisons,  # W0506
    check_subsumed,  # W0507
)
"""The lints about how rules read, with their codes."""


def vet(
    program: Program, deployment: Deployment | None = None, modules: Sequence[Module] = ()
) -> list[Diagnostic]:
    """Find the rules of a program that have lost their grip.

    Args:
        program: the checked rules.
        deployment: what is known of the tools, the host and the state.
        modules: the texts of the program, for the order of the findings and their source lines.

    Returns:
        Errors, and warnings of what only looks wrong.
    """
    return _run(VET, program, deployment, modules)


def lint(modules: Sequence[Module], program: Program | None = None) -> list[Diagnostic]:
    """Find what is most likely not meant in the way in which rules are written.

    Args:
        modules: the texts of a program.
        program: what :func:`~mpr_logic.analysis.analyse` made of them; else they are analysed first.

    Returns:
        Warnings, in the order of the texts.

    Raises:
        ProgramError: the modules are not a program.
    """
    return _run(LINT, analyse(modules) if program is None else program, None, modules)


def undeclared_inputs(program: Program, deployment: Deployment | None = None) -> list[Signature]:
    """The relations that rules read and nothing fills, where most likely ``input`` was left out."""
    return without_source(Subject(program, deployment or Deployment(), ()))


def _run(
    lints: Iterable[Lint], program: Program, deployment: Deployment | None, modules: Sequence[Module]
) -> list[Diagnostic]:
    subject, report = Subject(program, deployment or Deployment(), modules), DiagnosticCollector()
    for check in lints:
        check(subject, report)
    report.found = list(dict.fromkeys(report.found))  # several rules of one clause are told of once
    return in_order(report, modules)
