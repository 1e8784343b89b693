"""The user of an MCP client is asked about what rules leave to a person: with real clients and a real server,
in the protocol's newest version and in those that begin with a handshake."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("mcp", reason="needs the extra: pip install 'mpr-logic[mcp]'")

import mcp_types as types
from mcp import Client

from mpr_logic.guard.log import DecisionLog, read_log
from mpr_logic.integrations.mcp.gateway import Gateway
from mpr_logic.integrations.mcp.stdio import proxy
from tests.integrations.contract import Office, Proposed, call, guard_of
from tests.integrations.test_mcp_gateway import nobody, request
from tests.integrations.test_mcp_http import proxied, server
from tests.integrations.test_mcp_stdio import CALL, Script, called, connected, ran

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mpr_logic.guard.guard import Guard

__all__ = ["server"]  # a fixture

LARGE = call("pay", {"to": "ann@us", "amount": 250.5})
MODES = ("auto", "legacy")


class User:
    """The user of a client, who answers the questions that it shows."""

    def __init__(self, action: str, content: dict[str, Any] | None = None) -> None:
        self.said = types.ElicitResult.model_validate({"action": action, "content": content})
        self.shown: list[str] = []

    async def __call__(self, context: Any, params: Any) -> types.ElicitResult:
        assert isinstance(params, types.ElicitRequestFormParams)
        assert params.requested_schema["required"] == ["allow"]
        self.shown.append(params.message)
        return self.said


ANSWERS = [
    (User("accept", {"allow": True}), "paid 250.5", True),
    (User("accept", {"allow": False}), "A person did not approve", False),
    (User("decline"), "A person did not approve", False),
    (User("cancel"), "No person could be asked", None),
    (None, "No person could be asked", None),
]


@asynccontextmanager
async def over(
    transport: str, guard: Guard, office: tuple[str, Path], mode: str, user: User | None
) -> AsyncIterator[Client]:
    """A client with this user, behind a proxy."""
    options: dict[str, Any] = {} if user is None else {"elicitation_callback": user}
    url, done = office
    done.unlink(missing_ok=True)
    if transport == "stdio":
        async with connected(guard, done, mode=mode, **options) as client:
            yield client
    else:
        with proxied(lambda name: Gateway(guard, session=name), url) as own:
            async with Client(own, mode=mode, read_timeout_seconds=300, **options) as client:
                yield client


# a process for each on standard streams: two answers say there that nothing is lost on the way
WAYS = [("http", *each) for each in ANSWERS] + [("stdio", *ANSWERS[0]), ("stdio", *ANSWERS[4])]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("transport", "user", "told", "approved"), WAYS)
def test_the_users_answer(
    transport: str,
    mode: str,
    user: User | None,
    told: str,
    approved: bool | None,
    server: tuple[str, Path],
    tmp_path: Path,
) -> None:
    """A call that the user allows is made once; one that the user refuses, or was not asked about, never."""
    log = DecisionLog(tmp_path / "log.jsonl")
    if user is not None:
        user.shown.clear()

    async def main() -> list[str]:
        async with over(transport, guard_of(Office(), log=log), server, mode, user) as client:
            calls = (LARGE, call("read", {"path": "/data/a"}))
            return await asyncio.gather(*(called(client, each) for each in calls))

    large, read = asyncio.run(main())
    assert told in large
    assert read == "read /data/a"
    made = [("pay", {"to": "ann@us", "amount": 250.5})] if approved else []
    assert sorted(ran(server[1])) == [*made, ("read", {"path": "/data/a"})]
    lines = read_log(tmp_path / "log.jsonl")
    assert [line["approved"] for line in lines if line["kind"] == "answer"] == [approved]
    if user is not None:
        (shown,) = user.shown
        assert '`pay` be called with {"amount":250.5,"to":"ann@us"}?' in shown
        assert "250.5 is much" in shown


def test_the_user_is_not_asked_in_vain(server: tuple[str, Path]) -> None:
    """A call that a person may not allow either is rejected without a question; a rule that comes to stand
    against a call while the user thinks rejects it still."""
    user = User("accept", {"allow": True})
    guard = guard_of(Office(), relations={"late": lambda asked: ["bob@us"] if user.shown else []})

    async def main() -> list[str]:
        async with over("stdio", guard, server, "legacy", user) as client:
            twice = [called(client, Proposed("pay", json.dumps({"to": to, "amount": 999}), "")) for to in TO]
            return [await each for each in twice]

    first, second, third = asyncio.run(main())
    assert first == "paid 999"
    assert "was paid already" in second
    assert "The call was rejected" in third
    assert len(user.shown) == 1
    assert ran(server[1]) == [("pay", {"to": "ann@us", "amount": 999})]


TO = ("ann@us", "ann@us", "bob@us")
ELICITS: dict[str, Any] = {"elicitation": {"form": {}}}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": ELICITS,
}


def again(question: dict[str, Any], content: Any = None, **params: Any) -> dict[str, Any]:
    """The call, made again with an answer."""
    said = {"action": "accept", "content": {"allow": True} if content is None else content}
    mine = {"name": "pay", "arguments": {"to": "ann@us", "amount": 250.5}, "_meta": META}
    answered = {"requestState": question["result"]["requestState"], "inputResponses": {"mpr": said}}
    return request("tools/call", **mine | answered | params)


def asked(gateway: Gateway) -> dict[str, Any]:
    """Send a call that a person must allow, and return the gateway's answer."""
    first = request("tools/call", name="pay", arguments={"to": "ann@us", "amount": 250.5}, _meta=META)
    message, passes, _ = asyncio.run(gateway.up(first, nobody, nobody))
    assert not passes
    return message


@pytest.mark.parametrize(
    "other",
    [
        {"arguments": {"to": "bob@us", "amount": 250.5}},
        {"arguments": {"to": "ann@us", "amount": 250}},
        {"arguments": None},
        {"name": "read"},
        {"name": []},
        {"inputResponses": {}},
        {"inputResponses": [1]},
        {"inputResponses": {"mpr": {"action": "accept"}}},
        {"inputResponses": {"mpr": {"action": "accept", "content": {"allow": 1}}}},
        {"inputResponses": {"mpr": {"action": "accept", "content": [True]}}},
        {"inputResponses": {"mpr": {"action": ["accept"], "content": {"allow": True}}}},
        {"inputResponses": {"other": {"action": "accept", "content": {"allow": True}}}},
    ],
)
def test_another_call_was_not_allowed(other: dict[str, Any]) -> None:
    """The user's answer is for the call that was shown, and is a plain yes."""
    gateway = Gateway(guard_of(Office()))
    question = asked(gateway)
    assert not asyncio.run(gateway.up(again(question, **other), nobody, nobody)).passes
    message, passes, _ = asyncio.run(gateway.up(again(question), nobody, nobody))
    assert not passes  # an answer is taken once
    assert message["result"]["resultType"] == "input_required"


def test_what_the_server_gets_of_an_allowed_call() -> None:
    """The call as it was before its user was asked, with the arguments that were decided about."""
    gateway = Gateway(guard_of(Office()))
    message, passes, verdict = asyncio.run(gateway.up(again(asked(gateway)), nobody, nobody))
    assert passes
    assert verdict is not None
    assert verdict.approved
    assert message["params"] == {
        "name": "pay",
        "arguments": {"to": "ann@us", "amount": 250.5},
        "_meta": META,
    }


@pytest.mark.parametrize(
    ("capabilities", "shows"),
    [
        (ELICITS, True),
        ({"elicitation": {}}, True),
        ({"elicitation": {"url": {}}}, False),
        ({"elicitation": True}, False),
        ({}, False),
        (None, False),
        ([1], False),
    ],
)
def test_which_clients_show_questions(capabilities: Any, shows: bool) -> None:
    """Only those that say so, in the request or in the handshake; and only where the proxy may ask."""
    answers: list[dict[str, Any]] = []

    async def client(message: dict[str, Any]) -> dict[str, Any]:
        answers.append(message)
        return {"result": {"action": "accept", "content": {"allow": True}}}

    async def main(gateway: Gateway, **meta: Any) -> Any:
        call = request("tools/call", name="pay", arguments={"to": "ann@us", "amount": 250.5}, **meta)
        return await gateway.up(call, nobody, client)

    for may in (True, False):
        gateway = Gateway(guard_of(Office()), ask=may)
        gateway.hello(request("initialize", capabilities=capabilities))
        assert asyncio.run(main(gateway)).passes is (shows and may)
    assert len(answers) == shows
    meta = META | {"io.modelcontextprotocol/clientCapabilities": capabilities}
    said = asyncio.run(main(Gateway(guard_of(Office())), _meta=meta)).message["result"]["resultType"]
    assert said == ("input_required" if shows else "complete")


def test_a_user_who_does_not_answer() -> None:
    """After the time for an approval nobody is waited for; nor where the client is gone."""

    async def main(seconds: float) -> list[dict[str, Any]]:
        guard = guard_of(Office(), approval_timeout=seconds)
        hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"capabilities": ELICITS}}
        pay = CALL.replace("read", "pay") % ('{"to": "ann@us", "amount": 250.5}', "")
        # the server says each line back: the greeting, and nothing of the call
        client = Script([json.dumps(hello).encode() + b"\n", pay.encode()], 3 if seconds < 1 else 2)
        assert await proxy(Gateway(guard), [sys.executable, "-c", SILENT], client) == 0
        return client.said

    late = asyncio.run(main(0.2))
    (refused,) = [each for each in late if "method" not in each]
    assert {each["method"] for each in late if each is not refused} == {"initialize", "elicitation/create"}
    assert "No person could be asked" in refused["result"]["content"][0]["text"]
    gone = asyncio.run(asyncio.wait_for(main(600), 60))
    assert {each["method"] for each in gone[:2]} == {"initialize", "elicitation/create"}
    assert all("No person could be asked" in str(each) for each in gone[2:])


SILENT = "import sys\nfor line in sys.stdin: 'initialize' in line and print(line, end='', flush=True)"


def test_a_long_call_is_cut_and_says_so() -> None:
    """The question shows how much of the arguments it does not show."""
    gateway = Gateway(guard_of(Office(), text="@escalate forbid read(path: _)."))
    call = request("tools/call", name="read", arguments={"path": "x" * 10_000}, _meta=META)
    answer = asyncio.run(gateway.up(call, nobody, nobody)).message["result"]
    shown = answer["inputRequests"]["mpr"]["params"]["message"]
    assert "(10011 characters in all)" in shown
    assert len(shown) < 5_000


def test_a_question_looks_like_what_it_is() -> None:
    """A model's text can neither hide a part of the question nor turn its order round."""
    gateway = Gateway(guard_of(Office(), text='@escalate @because("{P} it is") forbid read(path: P).'))
    path = "/data/\u202egpj.\u2066\x1b[2K\u200b.exe, Zürich"
    call = request("tools/call", name="read", arguments={"path": path}, _meta=META)
    answer = asyncio.run(gateway.up(call, nobody, nobody)).message["result"]
    shown = answer["inputRequests"]["mpr"]["params"]["message"]
    assert all(line.isprintable() for line in shown.splitlines())
    assert "\\u202egpj." in shown
    assert "Zürich" in shown
