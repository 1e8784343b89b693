"""The compiled verdicts: on generated programs, after updates, each is what the rules and facts alone say.

``conftest.py`` has every decision worked out again by the independent verifier.
"""

from __future__ import annotations

import re
from collections import defaultdict
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from mpr_logic import Action, Budget, Checker
from mpr_logic.analysis.program import Fact
from mpr_logic.engine.topdown import compiler
from mpr_logic.language.ast import NOWHERE
from tests.helpers.programs import EXAMPLES, Case, Change, cases, slow_fuzz

ABOUT_ACTIONS = re.compile(r"(?:[\d.]+ :: )?(forbid|permit) (\w+)")


@st.composite
def guarded(draw: st.DrawFn) -> tuple[Case, str]:
    """A case with actions, and its text with ids, overrides and actions closed by default."""
    case = draw(cases().filter(lambda c: c.candidates and "forbid" in c.text))
    lines: list[str] = []
    laws: dict[str, list[str]] = defaultdict(list)
    for number, line in enumerate(case.text.splitlines()):
        found = ABOUT_ACTIONS.match(line)
        if found is None:
            lines.append(line)
        elif found[1] == "forbid":
            laws[found[2]].append(f"law{number}")
            lines.append(f"@id(law{number}) {line}")
        else:
            lines.append(_overrides(laws[found[2]][: draw(st.integers(0, 2))]) + line)
    for action in case.candidates:
        if draw(st.booleans()):
            lines.append(f".default forbid {action}")
        elif draw(st.booleans()) and laws[action]:  # generated permits are rare
            args = ", ".join("_" * len(case.candidates[action][0]))
            lines.append(f"{_overrides(laws[action][:1])}permit {action}({args}).")
    return case, "\n".join(lines)


def _overrides(laws: list[str]) -> str:
    return f"@overrides({', '.join(laws)}) " if laws else ""


def tell(checker: Checker, step: Change) -> None:
    """Tell a checker of a change."""
    fact = Fact(step.relation, step.row, step.weight or 1.0, NOWHERE)
    if step.weight is None:
        checker.update(remove=[fact])
    else:
        checker.update(add=[fact])


@pytest.mark.heavy
@slow_fuzz
@pytest.mark.parametrize("wide", [0, compiler.WIDE])
@settings(
    database=None,
    max_examples=max(EXAMPLES // 2, 1),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(
    given_case=guarded(),
    theta=st.sampled_from((0.3, 0.6, 0.9, 1.0)),
    semiring=st.sampled_from(("maxmin", "product")),
)
def test_verdicts_after_updates(wide: int, given_case: tuple[Case, str], theta: float, semiring: str) -> None:
    """Overridden, unpermitted, forbidden, admissible: after every change, whether loops note what they
    read one by one or all at once."""
    case, text = given_case
    actions = [Action(name, *row) for name, rows in case.candidates.items() for row in rows[:4]]
    with patch.object(compiler, "WIDE", wide):
        checker = Checker.from_text(text, theta=theta, semiring=semiring, budget=Budget(seconds=60))
        for step in case.facts:
            tell(checker, step)
        for decision in checker.check_all(actions):
            event(decision.verdict)
        for step in case.updates:
            tell(checker, step)
            # a product is rounded, and a proof multiplies in another order: its weight is no equal
            found = checker.check_all(actions, proofs=semiring != "product")
            assert [d.verdict for d in found] == [d.verdict for d in checker.check_all(actions)]
