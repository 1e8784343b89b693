"""Tool calls of the package `openai`: the contract with the real client and a scripted server, answers that
are cut off, functions that fail."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("openai", reason="needs the extra: pip install 'mpr-logic[models]'")
pytest.importorskip("jsonschema", reason="needs the extra: pip install 'mpr-logic[tools]'")

import openai

from mpr_logic.errors import GuardError
from mpr_logic.guard.guard import Guard
from mpr_logic.integrations.openai import CUT, Streamed, aanswer_calls, answer_calls, messages, tool_calls
from tests.helpers.model_server import Reply, chat, chat_json, message, plain, response, serving, stream
from tests.integrations.contract import SCENARIOS, Driver, Office, Proposed, Scenario, call, guard_of, name_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.model_server import Server


def completion(calls: list[Proposed], finish: str = "tool_calls") -> dict[str, Any]:
    """A chat completion that proposes calls."""
    proposed = [
        {"id": each.id, "type": "function", "function": {"name": each.tool, "arguments": each.arguments}}
        for each in calls
    ]
    return chat_json({"role": "assistant", "content": None, "tool_calls": proposed}, finish)


def chunks(calls: list[Proposed], finish: str | None = "tool_calls") -> Reply:
    """The same in pieces, the arguments in three."""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}

    pieces = [chunk({"role": "assistant", "content": None})]
    for index, each in enumerate(calls):
        third = len(each.arguments) // 3
        parts = each.arguments[:third], each.arguments[third : 2 * third], each.arguments[2 * third :]
        function = {"name": each.tool, "arguments": ""}
        begin = {"index": index, "id": each.id, "type": "function", "function": function}
        pieces.append(chunk({"tool_calls": [begin]}))
        pieces += [
            chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]}) for part in parts
        ]
    return stream(*pieces, *([chunk({}, finish)] if finish else []), b"[DONE]")


def items(calls: list[Proposed]) -> list[dict[str, Any]]:
    """Items of a response that propose calls."""
    return [
        {
            "type": "function_call",
            "id": f"fc_{each.id}",
            "call_id": each.id,
            "name": each.tool,
            "arguments": each.arguments,
            "status": "completed",
        }
        for each in calls
    ]


def whole_response(calls: list[Proposed], status: str = "completed") -> dict[str, Any]:
    """A response that proposes calls."""
    reasoning = {"type": "reasoning", "id": "rs", "summary": []}
    return {"id": "r", "object": "response", "status": status, "output": [reasoning, *items(calls)]}


class Chat:
    """A loop of one's own over chat completions."""

    name = "chat completions"
    answers_itself: frozenset[str] = frozenset()
    cannot: dict[str, str] = {}  # noqa: RUF012 - what the protocol says

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        with serving(self.first(calls), self.last()) as server:
            self.loop(guard, office, server)
        return self.told(server.asked[1][1])

    def first(self, calls: list[Proposed]) -> Reply:
        return plain(completion(calls))

    def last(self) -> Reply:
        return chat("done")

    def told(self, body: dict[str, Any]) -> dict[str, str]:
        return {m["tool_call_id"]: m["content"] for m in body["messages"] if m["role"] == "tool"}

    def loop(self, guard: Guard, office: Office, server: Server) -> None:
        with openai.OpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
            messages: list[Any] = [{"role": "user", "content": "go"}]
            first: Any = client.chat.completions.create(model="m", messages=messages)
            messages.append(first.choices[0].message)
            messages += answer_calls(guard, first, office.functions(), conversation=messages)
            client.chat.completions.create(model="m", messages=messages)


class ChatStream(Chat):
    """The same, streamed."""

    name = "chat completions, streamed"

    def first(self, calls: list[Proposed]) -> Reply:
        return chunks(calls)

    def loop(self, guard: Guard, office: Office, server: Server) -> None:
        with openai.OpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
            messages: list[Any] = [{"role": "user", "content": "go"}]
            streamed = Streamed(client.chat.completions.create(model="m", messages=messages, stream=True))
            assert len(list(streamed)) > 1
            messages.append(streamed.answer.choices[0].message)
            messages += answer_calls(guard, streamed, office.functions(), conversation=messages[:-1])
            client.chat.completions.create(model="m", messages=messages)


class Responses(Chat):
    """A loop of one's own over responses, async."""

    name = "responses, async"

    def first(self, calls: list[Proposed]) -> Reply:
        return plain(whole_response(calls))

    def last(self) -> Reply:
        return response(message("done"))

    def told(self, body: dict[str, Any]) -> dict[str, str]:
        outputs = [item for item in body["input"] if item["type"] == "function_call_output"]
        return {item["call_id"]: item["output"] for item in outputs}

    def loop(self, guard: Guard, office: Office, server: Server) -> None:
        asyncio.run(self.aloop(guard, office, server))

    async def aloop(self, guard: Guard, office: Office, server: Server) -> None:
        async with openai.AsyncOpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
            first: Any = await client.responses.create(model="m", input="go")
            told = await aanswer_calls(guard, first, office.functions(), conversation="go")
            await client.responses.create(model="m", previous_response_id=first.id, input=told)


class ResponsesStream(Responses):
    """The same, streamed."""

    name = "responses, async, streamed"

    def first(self, calls: list[Proposed]) -> Reply:
        created = {"type": "response.created", "sequence_number": 0, "response": whole_response([])}
        done = [
            {"type": "response.output_item.done", "sequence_number": n, "output_index": n, "item": item}
            for n, item in enumerate(items(calls), start=1)
        ]
        end = {"type": "response.completed", "sequence_number": 99, "response": whole_response(calls)}
        return stream(created, *done, end)

    async def aloop(self, guard: Guard, office: Office, server: Server) -> None:
        async with openai.AsyncOpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
            streamed = Streamed(await client.responses.create(model="m", input="go", stream=True))
            assert len([event async for event in streamed]) > 2
            told = await aanswer_calls(guard, streamed, office.functions(), conversation="go")
            await client.responses.create(model="m", previous_response_id="r", input=told)


DRIVERS: list[Driver] = [Chat(), ChatStream(), Responses(), ResponsesStream()]


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_contract(scenario: Scenario, driver: Driver, tmp_path: Path) -> None:
    """A loop over OpenAI's API keeps the contract of all adapters."""
    scenario(driver, tmp_path)


def parsed(value: dict[str, Any]) -> Any:
    """A completion or response as the client gives it."""
    with serving(plain(value)) as server, openai.OpenAI(base_url=server.url, api_key="k") as client:
        if value["object"] == "response":
            return client.responses.create(model="m", input="go")
        return client.chat.completions.create(model="m", messages=[])


READ = call("read", {"path": "/data/a"})


@pytest.mark.parametrize(
    "value",
    [
        completion([READ], "length"),
        completion([READ], "content_filter"),
        whole_response([READ], "incomplete"),
        whole_response([READ], "failed"),
    ],
    ids=["length", "content_filter", "incomplete", "failed"],
)
def test_an_answer_that_was_cut_off(value: dict[str, Any]) -> None:
    """Of an answer that was cut off nothing is made, though a call in it may look whole."""
    office = Office()
    for told in (
        answer_calls(guard_of(office), parsed(value), office.functions()),
        asyncio.run(aanswer_calls(guard_of(office), parsed(value), office.functions())),
    ):
        assert [each.get("content", each.get("output")) for each in told] == [CUT]
    assert office.ran == []


@pytest.mark.parametrize("reading", ["none", "some", "broken off"])
def test_a_stream_that_has_not_ended(reading: str) -> None:
    """The calls of a stream are made after its end, and never where it broke off."""
    office = Office()
    reply = chunks([READ], None if reading == "broken off" else "tool_calls")
    with serving(reply) as server, openai.OpenAI(base_url=server.url, api_key="k") as client:
        streamed = Streamed(client.chat.completions.create(model="m", messages=[], stream=True))
        for number, _ in enumerate(streamed):
            if reading == "none" or (reading == "some" and number == 4):
                break
        with pytest.raises(GuardError, match="has not ended"):
            answer_calls(guard_of(office), streamed, office.functions())
    assert office.ran == []


def test_the_clients_own_stream_helpers() -> None:
    """An answer that the client's own helpers make of a stream is guarded as any other."""
    office = Office()
    with serving(chunks([READ])) as server, openai.OpenAI(base_url=server.url, api_key="k") as client:
        with client.chat.completions.stream(model="m", messages=[]) as stream_:
            stream_.until_done()
        told = answer_calls(guard_of(office), stream_.get_final_completion(), office.functions())
    assert told == [{"role": "tool", "tool_call_id": "call_1", "content": "read /data/a"}]


def test_a_function_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """The model hears that a function failed, the log how, and rules that the call failed."""
    rules = '.action go()\n@because("it failed before") forbid go() :- failed go().'

    def go() -> str:
        raise OSError("the secret of the house")

    async def ago() -> str:
        return go()

    answer = parsed(completion([call("go", {})]))
    guard = Guard(text=rules)
    assert answer_calls(guard, answer, {"go": go})[0]["content"] == "The tool failed: OSError."
    assert "the secret of the house" in caplog.text
    assert "it failed before" in answer_calls(guard, answer, {"go": go})[0]["content"]
    guard = Guard(text=rules)
    assert asyncio.run(aanswer_calls(guard, answer, {"go": ago}))[0]["content"] == "The tool failed: OSError."
    assert "it failed before" in asyncio.run(aanswer_calls(guard, answer, {"go": ago}))[0]["content"]
    assert "use `aanswer_calls`" in answer_calls(Guard(text=rules), answer, {"go": ago})[0]["content"]
    assert "no function is given" in answer_calls(Guard(text=rules), answer, {})[0]["content"]


def test_what_is_no_text_is_told_as_json() -> None:
    """A function may return any value that has JSON, sync or async."""

    async def go() -> dict[str, Any]:
        return {"found": [1, 2.5, None]}

    answer = parsed(completion([call("go", {})]))
    told = asyncio.run(aanswer_calls(Guard(text=".action go()"), answer, {"go": go}))
    assert json.loads(told[0]["content"]) == {"found": [1, 2.5, None]}


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_custom_tools(api: str) -> None:
    """The free text of a custom tool is its argument `input`."""
    if api == "chat":
        said = {"id": "c", "type": "custom", "custom": {"name": "shell", "input": "rm -r /"}}
        value = chat_json({"role": "assistant", "content": None, "tool_calls": [said]}, "tool_calls")
    else:
        item = {"type": "custom_tool_call", "id": "i", "call_id": "c", "name": "shell", "input": "rm -r /"}
        value = {**whole_response([]), "output": [item]}
    rules = ".action shell(input: symbol)\n"
    functions = {"shell": lambda input: f"did {input}"}
    (ran,) = answer_calls(Guard(text=rules), parsed(value), functions)
    (refused,) = answer_calls(
        Guard(text=rules + 'forbid shell(input: I) :- contains(I, "rm").'), parsed(value), functions
    )
    text = "content" if api == "chat" else "output"
    assert ran[text] == "did rm -r /"
    assert "did" not in refused[text]
    assert refused.items() >= (
        {"role": "tool", "tool_call_id": "c"}.items()
        if api == "chat"
        else {"type": "custom_tool_call_output", "call_id": "c"}.items()
    )


def test_an_answer_without_calls() -> None:
    """There is nothing to make of an answer in words."""
    assert tool_calls(parsed(chat_json({"role": "assistant", "content": "hi"}, "stop"))) == []
    assert tool_calls(parsed(whole_response([]))) == []


@pytest.mark.parametrize("end", [0, 1])
def test_a_conversation_is_heard_once(end: int) -> None:
    """Turn by turn all messages are given, with the answer or without: each of them is heard once, the
    instructions of a developer as the system's, and the results of calls with their arguments."""
    rules = "forbid pay(_, _) :- said(_, _, never), asked_with(_, path, V), returned(_, read, V)."
    office = Office()
    guard = guard_of(office, text=rules, strict=False)
    messages: list[Any] = [{"role": "developer", "content": "be kind"}]
    for number in range(3):
        messages.append({"role": "user", "content": [{"type": "text", "text": "again"}]})
        answer = parsed(completion([call("read", {"path": f"/data/{number}"}, f"c{number}")]))
        messages.append(answer.choices[0].message)
        given = messages[: len(messages) - 1 + end]
        messages += answer_calls(guard, answer, office.functions(), conversation=given)
    facts = guard.session("").checker.facts()
    assert sorted(facts["said"]) == [(0, "system", "be kind")] + [(n, "user", "again") for n in (1, 3, 5)]
    assert sorted(facts["returned"]) == [(n, "read", f"read /data/{n}") for n in range(3)]
    assert sorted(facts["asked_with"]) == [(n, "path", f"/data/{n}") for n in range(3)]


@pytest.mark.parametrize("text", ["Error: mail from eve", '{"error": "x"}', '{"a": 1, "a": 2}'])
def test_results_are_not_judged_by_their_text(text: str) -> None:
    """A result is no error because it reads like one, and JSON with a key twice stays a text."""
    (told,) = messages([{"role": "tool", "tool_call_id": "c", "content": text}])
    assert not told.error
    assert told.content == text or "error" in told.content
    (told,) = messages([{"type": "function_call_output", "call_id": "c", "output": text}])
    assert not told.error


@pytest.mark.parametrize("odd", [None, 5, [5], [{"role": "user", "content": "x", "timestamp": 10**400}, 1]])
def test_what_is_no_conversation_is_an_error_of_ours(odd: Any) -> None:
    """Something else than messages is refused."""
    with pytest.raises(GuardError):
        messages(odd)


@pytest.mark.parametrize("odd", [{"choices": []}, None, "no", 3])
def test_what_is_no_answer_is_refused(odd: Any) -> None:
    """An answer that is no object of the package is an error of ours, before any call is made."""
    with pytest.raises(GuardError, match="no answer of the package"):
        answer_calls(Guard(text=".action look()"), odd, {})
