"""Reflection: from a failed episode to candidate rules, by a model."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mpr_logic import moved
from mpr_logic.analysis import analyse, clause_id
from mpr_logic.analysis.terms import literals, sugar
from mpr_logic.analysis.types import columns_of
from mpr_logic.errors import ModelError, ProgramError
from mpr_logic.language.ast import Annotation, Const, Module
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_clause
from mpr_logic.models.grammars import declarations
from mpr_logic.models.prompts import BUDGET, correction_prompt, reflection_prompt

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Rule, Schema
    from mpr_logic.language.ast import Clause
    from mpr_logic.models.clients import Completion, Model
    from mpr_logic.models.episodes import ReflectedEpisode
    from mpr_logic.models.grammars import Grammar, Vocabulary


LONGEST = 20_000
"""The most characters of an answer that are read, or kept where it is refused."""
LONGEST_BECAUSE = 400
KINDS = ("forbid", "prefer")
NO_RULE = "no rule was found: it stands behind `Rule:`, on a line of its own, and ends with a dot"

_RULE = re.compile(
    r"(?:^[ \t>*`]*|(?<=[.!?])[ \t]+[*`]*)rule(?: \d+)?[*`]*[ \t]*:[*`]*[ \t]*", re.IGNORECASE | re.MULTILINE
)
_CAUSE = re.compile(r"^[ \t>*`]*cause[*`]*[ \t]*:[*`]*[ \t]*", re.IGNORECASE | re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*```.*$", re.MULTILINE)
_CLAUSE = re.compile(
    r"^[ \t]*(?:@\w.*|(?:[0-9.]+[ \t]*::[ \t]*)?(?:forbid|prefer|permit)\b.*|[a-z]\w*\(.*:-.*)$", re.MULTILINE
)
_END = re.compile(r"\.[ \t`*]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule that a model proposes: it parses and fits the declarations, and nothing else is known of it.

    It has no weight: what it may weigh is for the gate to say. ``because`` is what the model wrote around
    it, ``source`` where it comes from, ``id`` the hash of its canonical form.
    """

    clause: Clause
    because: str
    source: str
    id: str

    @property
    def rule(self) -> str:
        """The bare rule."""
        return print_clause(self.clause, annotations=False)

    @property
    def text(self) -> str:
        """The rule with its reason and its source, as it would stand in a rule file."""
        return print_clause(self.clause)


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """The rules in an answer that can be used, and what is wrong with the rest."""

    candidates: tuple[Candidate, ...]
    faults: tuple[str, ...]


def read_answer(text: str, schema: Schema, source: str) -> AnswerRules:
    """Read an answer: ``Cause:`` and ``Rule:``, or rules in free prose.

    Weights, ids and overrides that the model wrote are left out, also what it says of its own confidence.
    What stands around the rules is kept as their because-text.
    """
    cut = text[:LONGEST]
    prose, texts = _split(_FENCE.sub("", cut))
    if not texts:
        return AnswerRules((), (NO_RULE,))
    found: list[Candidate] = []
    faults: list[str] = []
    for each in texts:
        try:
            clauses = parse(each, "answer").clauses
        except ProgramError as error:
            faults.append(str(error))
            continue
        if not clauses:
            faults.append(f"`{each[:80]}` is no rule: write `forbid ACTION :- CONDITIONS.`")
        for clause in clauses:
            fault = _fault(clause, each, schema)
            if fault is None:
                found.append(_candidate(clause, prose, source, schema))
            else:
                faults.append(fault)
    return AnswerRules(tuple({c.id: c for c in reversed(found)}.values())[::-1], tuple(faults))


def _split(text: str) -> tuple[str, list[str]]:
    """The prose of an answer, and the texts of its rules."""
    marks = list(_RULE.finditer(text)) or list(_CLAUSE.finditer(text))
    named = bool(_RULE.search(text))
    prose: list[str] = []
    rules: list[str] = []
    at = 0
    for mark in marks:
        start = mark.end() if named else mark.start()
        if start < at:
            continue
        end = _END.search(text, start)
        stop = end.start() + 1 if end else len(text)
        prose.append(text[at : mark.start()])
        rules.append(text[start:stop].strip().strip("`"))
        at = end.end() if end else len(text)
    prose.append(text[at:])
    cause = _CAUSE.search(text)
    behind = next((mark.start() for mark in marks if cause and mark.start() >= cause.end()), len(text))
    said = text[cause.end() : behind].split("\n")[0] if cause else " ".join(prose)
    return " ".join(said.split()), [rule for rule in rules if rule]


def _fault(clause: Clause, text: str, schema: Schema) -> str | None:
    """Return what is wrong with a clause, as a message for the model; None where nothing is."""
    if clause.kind not in KINDS:
        written = print_clause(clause, annotations=False)
        return f"a rule begins with `forbid` or `prefer`, and `{written}` does not"
    if not clause.body:
        return f"`{clause.head.name}` would be meant always: write the conditions behind `:-`"
    if (more := sugar(clause)) is not None:
        return f"a rule has no {more}: write a rule for each case, with its constants"
    bare = Module((replace(clause, annotations=()),), file="answer", source=text)
    try:
        rules = analyse([declarations(schema), bare]).rules
    except ProgramError as error:
        return str(error)
    rule = next((each for each in rules if each.clause in bare.statements), None)
    if rule is None or clause.head.name not in schema.actions:
        return f"`{clause.head.name}` is a class of actions: a rule begins with one action, not with several"
    return _lower_case(rule, schema)


def _lower_case(rule: Rule, schema: Schema) -> str | None:
    """A fault where an argument is written as it is declared, ``take(b)`` or ``take(b: symbol)``, and
    where the action is on a thing named like a declaration, ``take(box)``: no rule about any thing."""
    head = schema.actions[rule.clause.head.name]
    declared = {*schema.types, *schema.relations, *schema.actions}
    spoken = [(head, rule.args, declared)]
    spoken += [(columns_of(schema, i.atom.name), i.atom.args, set()) for i in literals(rule.body)]
    for signature, args, names in spoken:
        for param, term in zip(signature.params, args, strict=True):
            if isinstance(term, Const) and term.value in {param.name, param.type, *names}:
                variable = param.name[0].upper() + param.name[1:]
                return (
                    f"`{term.value}` in `{signature.name}` is a constant, one thing with that name: "
                    f"a variable, which stands for any, begins with a capital letter: `{variable}`"
                )
    return None


def _candidate(clause: Clause, prose: str, source: str, schema: Schema) -> Candidate:
    own = clause.annotation("because")
    because = prose or (str(own[0]) if own else "")
    because = because if len(because) <= LONGEST_BECAUSE else f"{because[:LONGEST_BECAUSE]} ..."
    kept = [("because", because.replace("{", "{{").replace("}", "}}")), ("source", source)]
    annotations = tuple(Annotation(name, (Const(value),)) for name, value in kept if value)
    bare = replace(clause, weight=1.0, annotations=annotations, comments=(), trailing=None)
    return Candidate(bare, because, source, clause_id(schema, bare))


SAMPLES = 4
"""The number of answers that are drawn after an episode, unless another is given: they are cheap beside an
episode."""
CORRECTIONS = 2
"""The most times that the faults of one answer go back to the model, unless another bound is given."""
TEMPERATURE = 0.8


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that came to no rule, or a part of one: its text, why not, after how many corrections."""

    text: str
    reason: str
    corrections: int


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of a model's answers.

    ``answers`` are those drawn; ``at_once`` parsed as they were, ``parsed`` after corrections too; ``calls``
    counts all answers of the model, with the tokens that its server counted.
    """

    answers: int = 0
    at_once: int = 0
    parsed: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def share(self) -> float:
        """The share of the answers that parsed as they were; 0 where there were none."""
        return self.at_once / self.answers if self.answers else 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Reflection:
    """The rules that a model proposed after an episode, its refused answers, and their counts.

    ``candidates`` are different rules, those that more answers proposed first; ``votes`` says for each how
    many did. ``constrained`` says whether a grammar was asked for.
    """

    candidates: tuple[Candidate, ...]
    votes: tuple[int, ...]
    refused: tuple[Refused, ...]
    tally: Tally
    constrained: bool


def reflect(
    model: Model,
    episode: ReflectedEpisode,
    vocabulary: Vocabulary,
    *,
    samples: int = SAMPLES,
    constrained: bool = True,
    corrections: int = CORRECTIONS,
    temperature: float = TEMPERATURE,
    budget: int = BUDGET,
    source: str | None = None,
) -> Reflection:
    """Ask a model for rules that would have prevented a failure.

    An answer that is no rule goes back to the model with what is wrong, at most ``corrections`` times; then
    its text is kept with the reason. No candidate has been held against anything but the declarations.

    Args:
        model: who is asked.
        episode: what was played.
        vocabulary: what rules may speak of.
        samples: how many answers are drawn.
        constrained: whether the answers are to be made of the specialised grammar.
        corrections: how often an answer may be corrected.
        temperature: how much chance there is in an answer.
        budget: how many tokens the episode may take in the prompt.
        source: where the rules say that they come from; ``reflection: <task> (<model>)`` where None.

    Raises:
        ModelError: the model gave no answer. Where it is a correction that is missing, the answer is refused.
    """
    prompt = reflection_prompt(episode, vocabulary, budget)
    grammar = vocabulary.grammar() if constrained else None
    source = f"reflection: {episode.task} ({model.name})" if source is None else source
    asking = _Asking(model, vocabulary, grammar, corrections, temperature, source)
    for answer in model.complete(prompt, grammar, samples, temperature=temperature):
        asking.follow(prompt, answer)
    ranked = sorted(asking.found.values(), key=lambda each: -each[1])
    return Reflection(
        tuple(candidate for candidate, _ in ranked),
        tuple(votes for _, votes in ranked),
        tuple(asking.refused),
        asking.tally,
        constrained,
    )


class _Asking:
    """One reflection as it goes on."""

    def __init__(
        self,
        model: Model,
        vocabulary: Vocabulary,
        grammar: Grammar | None,
        corrections: int,
        temperature: float,
        source: str,
    ) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.grammar = grammar
        self.corrections = corrections
        self.temperature = temperature
        self.source = source
        self.found: dict[str, tuple[Candidate, int]] = {}
        self.refused: list[Refused] = []
        self.tally = Tally()

    def follow(self, prompt: str, answer: Completion) -> None:
        """Read an answer, and have it corrected where it will not do."""
        for corrected in range(self.corrections + 1):
            read = read_answer(answer.text, self.vocabulary.schema, self.source)
            right = not read.faults
            self._count(answer, first=not corrected, right=right)
            if right or corrected == self.corrections:
                break
            asked = correction_prompt(prompt, answer.text, read.faults)
            try:
                (answer,) = self.model.complete(asked, self.grammar, temperature=self.temperature)
            except ModelError as error:  # what the other answers came to is not lost
                read = replace(read, faults=(*read.faults, f"it was not corrected: {error}"))
                break
        for candidate in read.candidates:
            known, votes = self.found.get(candidate.id, (candidate, 0))
            self.found[candidate.id] = (known, votes + 1)
        if read.faults:
            reason = "\n".join(read.faults)
            self.refused.append(Refused(answer.text[:LONGEST], reason, corrected))

    def _count(self, answer: Completion, *, first: bool, right: bool) -> None:
        self.tally += Tally(
            answers=int(first),
            at_once=int(first and right),
            parsed=int(right),
            calls=1,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
        )


if not TYPE_CHECKING:
    __getattr__ = moved.names(__name__, read_episode="models.episodes.read_episode")
