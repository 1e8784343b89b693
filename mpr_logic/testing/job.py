"""A run of all tests below some paths, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mpr_logic.testing.coverage import Coverage
from mpr_logic.testing.mutation import mutate
from mpr_logic.testing.proposing import propose
from mpr_logic.testing.running import Bench, UnusableError
from mpr_logic.testing.suites import cases_of, find_suites, no_tests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mpr_logic.testing.mutation import Mutation, Survivor
    from mpr_logic.testing.proposing import Proposed
    from mpr_logic.testing.running import CaseResult, Setup
    from mpr_logic.testing.suites import Case, Suite


@dataclass(slots=True)
class Report:
    """The results of all cases, what they show of the rules, and the rule files that no test loads."""

    results: list[CaseResult] = field(default_factory=list)
    coverage: Coverage = field(default_factory=Coverage)
    untested: list[str] = field(default_factory=list)
    loaded: set[str] = field(default_factory=set)
    suites: list[tuple[Suite, list[Case]]] = field(default_factory=list)
    mutation: Mutation | None = None

    def count(self, status: str) -> int:
        """The number of cases with a status."""
        return sum(each.status == status for each in self.results)

    @property
    def passed(self) -> bool:
        """Whether all cases passed."""
        return self.count("passed") == len(self.results)

    @property
    def survivors(self) -> list[Survivor]:
        """The mutants that no test told apart."""
        return [] if self.mutation is None else self.mutation.survivors

    def try_mutants(self, setup: Setup, *, limit: int, seed: int, say: Callable[[int, int], None]) -> None:
        """Try mutants of the rules; see :func:`~mpr_logic.testing.mutation.mutate`."""
        self.mutation = mutate(self.suites, replace(setup, accept=False), limit=limit, seed=seed, say=say)


def cases_in(suite: Suite, name: str = "") -> list[Case]:
    """The cases of a suite whose names have ``name`` in them."""
    return [case for module in suite.files for case in cases_of(module, name)]


def run_tests(paths: Sequence[str], setup: Setup, rules: Sequence[str] = (), name: str = "") -> Report:
    """Run the tests below some paths.

    Args:
        paths: files and folders.
        setup: what the guards are made with.
        rules: the rules that all tests are about; by default each test's own.
        name: run the tests alone whose names have this in them.

    Raises:
        MprError: tests or rules cannot be read, or are not valid; or there is no test.
    """
    report = Report()
    suites, others = find_suites(paths, rules)
    for suite in suites:
        bench, cases = Bench(setup, suite.rules, coverage=report.coverage), cases_in(suite, name)
        report.results += [bench.run(case) for case in cases]
        report.loaded |= bench.files
        if cases:
            report.suites.append((suite, cases))
    if not report.results:
        raise no_tests(paths)
    report.untested = [each for each in others if each not in report.loaded]
    return report


def propose_tests(
    rules: Sequence[str], logs: Sequence[str], setup: Setup, state: str | None
) -> list[Proposed]:
    """Propose tests of rules from recorded calls; see :func:`~mpr_logic.testing.proposing.propose`.

    Raises:
        MprError: the rules cannot be used, or a recording is not there.
    """
    try:
        return propose(Bench(setup, tuple(rules)), logs, state)
    except UnusableError as error:
        raise error.why from None
