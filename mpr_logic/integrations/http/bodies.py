"""The bodies of requests over HTTP."""

from __future__ import annotations

from typing import Any

from mpr_logic.extras import needed

needed("pydantic", "serve")  # where it is missing, this says what to install

from pydantic import BaseModel, ConfigDict, Field  # noqa: E402

NAME = 256
"""The most characters of a session's name: the guard keeps it."""


class Body(BaseModel):
    """A JSON object with these fields and no others, each of just its type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class OfSession(Body):
    """A body about one session."""

    session: str = Field("", max_length=NAME, description="the conversation or run")


class CallBody(OfSession):
    """A call that an agent proposes."""

    tool: str = Field(description="the tool's name")
    arguments: Any = Field(None, description="a JSON object, or the text of one as the model wrote it")


class NamedCallBody(CallBody):
    """A call to decide about."""

    id: str = Field("", description="your own name of the call; the answer's `id` is the verdict's")


class OutcomeBody(OfSession):
    """The report of an admitted call's outcome."""

    id: str = Field(description="the id of the verdict, from the answer of /check")
    succeeded: bool | None = Field(None, description="whether it did what it was meant to")
    facts: list[str] = Field(
        [], description='facts that the result says, such as `exists("a.txt")`: the operator\'s to say'
    )
    result: Any = Field(None, description="what it returned, for rules that read it: the operator's to say")


class MessagesBody(OfSession):
    """Messages of a conversation: what was said and returned."""

    messages: list[Any] = Field(description="messages as the APIs of models have them: role, content, ...")
    whole: bool = Field(
        False, description="whether they are the conversation from its beginning: then what is new counts"
    )


class AnswerBody(Body):
    """The answer of a person about a call that was left to one."""

    id: str = Field(description="the id of the verdict, from the answer of /check")
    approved: bool = Field(description="whether the call may be made")
    by: str = Field("", description="who said so")


class FactsBody(OfSession):
    """A change of the facts of a session."""

    add: list[str] = Field([], description="facts to assert")
    remove: list[str] = Field([], description="facts to retract")


class SessionBody(Body):
    """A session, named."""

    session: str = Field(max_length=NAME, description="the conversation or run")


class ReloadBody(Body):
    """An order to read the rule files again."""

    force: bool = Field(False, description="take valid rules whatever laws they lost")
