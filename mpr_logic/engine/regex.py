"""RE2 expressions, bounded in what they cost: to compile, to keep, and to run over a text.

RE2 takes time linear in the text, but for some expressions that is the size of the expression for each
character, and nothing interrupts it. So what an expression compiles to is bounded, and a search that may
take long runs in a thread of its own, which the answer does not wait for longer than it has time.
"""

from __future__ import annotations

import functools
import threading
from math import inf
from typing import TYPE_CHECKING, Any

import re2

from mpr_logic.engine.deadline import late
from mpr_logic.errors import ArithmeticFailure

if TYPE_CHECKING:
    from mpr_logic.engine.deadline import Deadline

COMPILED = 1 << 20
"""The most bytes that an expression of a rule may be compiled to: some 10,000 instructions, in some 50 ms."""

GIVEN = 1_000
"""The most characters of an expression that does not stand in a rule: an argument, or of the state."""

GIVEN_COMPILED = 1 << 17
"""The most bytes that such an expression may be compiled to: some 1,000 instructions."""

MEMORY = 1 << 21
"""The most bytes that the states of one expression take while it runs."""

QUICK = 8_000_000
"""Instructions times characters: no more take some 50 ms at worst."""

MOST = 2_000_000_000
"""More of them are refused: they may take longer than 10 s."""

STRAYS = 2
"""The most searches that may go on with nobody waiting for them; then long ones are refused."""

_KEPT = 512
_TEXT = 10_000
"""After longer texts there is a look at the clock."""


def matches(text: str, expression: str, deadline: Deadline | None = None, *, written: bool = False) -> bool:
    """Whether an RE2 expression matches somewhere in a text.

    Args:
        text: where it is looked for.
        expression: the expression.
        deadline: when the answer must be there.
        written: whether it is the text of a rule, and so may be larger than one that comes with a call.

    Raises:
        ArithmeticFailure: it is no expression, or it, or it over this text, costs too much.
        BudgetError: the time is over.
    """
    return _searched("matches", text, expression, deadline, written) is not None


def group(
    text: str, expression: str, which: int | str, deadline: Deadline | None = None, *, written: bool = False
) -> str | None:
    """The text of a group of the first match of an RE2 expression; None where there is none.

    Args:
        text: where it is looked for.
        expression: the expression.
        which: the number of the group, 0 for the whole match, or its name.
        deadline: when the answer must be there.
        written: whether it is the text of a rule; see :func:`matches`.

    Raises:
        ArithmeticFailure: it is no expression, or it, or it over this text, costs too much.
        BudgetError: the time is over.
    """
    match = _searched("group", text, expression, deadline, written)
    if match is None:
        return None
    known = which in match.re.groupindex if isinstance(which, str) else 0 <= which <= match.re.groups
    found: str | None = match.group(which) if known else None
    return found


def _searched(name: str, text: str, expression: str, deadline: Deadline | None, written: bool) -> Any:
    """The first match of an expression; None where there is none."""
    found = _written(expression) if written else _given(expression)
    cost = found.programsize * len(text)
    if cost > MOST:
        raise ArithmeticFailure(
            f"`{_short(expression)}` costs too much over {len(text)} characters: make either shorter"
        )
    try:
        if cost <= QUICK or deadline is None:
            if deadline is not None and len(text) > _TEXT:
                deadline.poll()
            return found.search(text)
        return _waited_for(found, text, deadline)
    except UnicodeEncodeError:
        raise ArithmeticFailure(f"half of a surrogate pair is no character: `{name}` reads none") from None


def _waited_for(found: Any, text: str, deadline: Deadline) -> Any:
    """The answer of a search that may take long; it goes on where the time is over."""
    left = deadline.left()
    if left == inf:
        return found.search(text)
    deadline.poll()
    deadline.strays[:] = [each for each in deadline.strays if each.is_alive()]
    if len(deadline.strays) >= STRAYS:
        late()
    answer: list[Any] = []
    searching = threading.Thread(
        target=lambda: answer.append(found.search(text)), name="mpr matches", daemon=True
    )
    searching.start()
    searching.join(left)
    if not answer:
        deadline.strays.append(searching)
        late()
    return answer[0]


@functools.lru_cache(maxsize=_KEPT)
def _written(expression: str) -> Any:
    return _compiled(expression, COMPILED)


@functools.lru_cache(maxsize=_KEPT)
def _given(expression: str) -> Any:
    if len(expression) > GIVEN:
        raise ArithmeticFailure(
            f"`{_short(expression)}` has more than {GIVEN} characters: write it as a text of the rule"
        )
    return _compiled(expression, GIVEN_COMPILED)


def _compiled(expression: str, most: int) -> Any:
    """The expression, with room for its states, if it is not too large."""
    try:
        re2.compile(expression, _options(most))  # tells in little time
        return re2.compile(expression, _options(MEMORY))
    except UnicodeEncodeError:
        raise ArithmeticFailure("half of a surrogate pair stands in a regular expression") from None
    except re2.error as error:
        said = error.args[0] if error.args else error
        said = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        raise ArithmeticFailure(f"`{_short(expression)}` is not a regular expression: {said}") from None


def _options(most: int) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = most
    return options


def _short(expression: str) -> str:
    return expression if len(expression) <= 80 else f"{expression[:77]}..."
