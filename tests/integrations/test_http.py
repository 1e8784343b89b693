"""The guard over HTTP: the contract, who may ask what, bad requests, and many at once."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("httpx")
pytest.importorskip("uvicorn", reason="needs the extra: pip install 'mpr-logic[serve]'")
pytest.importorskip("starlette", reason="needs the extra: pip install 'mpr-logic[serve]'")
pytest.importorskip("prometheus_client", reason="needs the extra: pip install 'mpr-logic[serve]'")

import httpx

from mpr_logic.errors import GuardError
from mpr_logic.guard.guard import Guard
from mpr_logic.integrations.http.app import application, check_address
from mpr_logic.integrations.http.endpoints import BODY
from tests.integrations.contract import SCENARIOS, Office, Proposed, Scenario, guard_of, name_of
from tests.integrations.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class OverHttp:
    """A host that asks a server before it runs a tool, and tells it what came of it."""

    name = "http"
    answers_itself: frozenset[str] = frozenset()
    cannot = {"nothing_is_read": "a message that cannot be read is answered at once"}  # noqa: RUF012 - so it is

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        headers = {"Authorization": "Bearer operator-token"}
        with (
            serving(guard, token="agent-token", operator_token="operator-token") as url,
            httpx.Client(base_url=url, headers=headers, timeout=300) as client,
        ):
            said: dict[str, Any] = {"messages": [{"role": "user", "content": "go"}], "whole": True}
            client.post("/messages", json=said).raise_for_status()

            def one(call: Proposed) -> str:
                body: dict[str, Any] = {"tool": call.tool, "arguments": call.arguments, "id": call.id}
                answer = client.post("/check", json=body)
                if answer.status_code != 200:
                    return str(answer.json()["error"])
                verdict = answer.json()
                if verdict["runs"] is not True:
                    return str(verdict["message"])
                told = office.functions()[call.tool](**verdict["arguments"])
                body = {"id": verdict["id"], "succeeded": True, "result": told}
                client.post("/record", json=body).raise_for_status()
                return told

            with ThreadPoolExecutor() as pool:
                return dict(zip([each.id for each in calls], pool.map(one, calls), strict=True))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_contract(scenario: Scenario, tmp_path: Path) -> None:
    """A host that asks over HTTP keeps the contract of all adapters."""
    scenario(OverHttp(), tmp_path)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client of a server that asks for tokens."""
    with (
        serving(guard_of(Office()), token="agent-token", operator_token="operator-token") as url,
        httpx.Client(base_url=url, headers={"Authorization": "Bearer operator-token"}, timeout=300) as found,
    ):
        yield found


def sent(client: httpx.Client, path: str, token: str | None, body: Any = None) -> httpx.Response:
    """Send a request with a token, and return the answer."""
    headers = {"Authorization": f"Bearer {token}" if token else ""}
    if body is None:
        return client.get(path, headers=headers)
    return client.post(path, json=body, headers=headers)


READ = {"tool": "read", "arguments": {"path": "/data/a"}}


def test_tokens_say_who_may_ask_what(client: httpx.Client) -> None:
    """An agent may check and record; what tells of the rules, or lets a call pass, is the operator's."""
    assert sent(client, "/check", "agent-token", READ).json()["runs"] is True
    for path, body in [
        ("/why", READ),
        ("/facts", {"add": []}),
        ("/answer", {"id": "x", "approved": True}),
        ("/end", {"session": ""}),
        ("/reload", {}),
        ("/rules", None),
        ("/metrics", None),
    ]:
        assert sent(client, path, "agent-token", body).status_code == 401, path
        assert sent(client, path, "operator-token", body).status_code != 401, path
    for token in (
        "Bearer",
        "Bearer agent-toke",
        "Bearer agent-token2",
        "Bearer ägent",
        "Basic agent-token",
        "",
    ):
        headers = {b"Authorization": token.encode()}
        assert client.post("/check", json=READ, headers=headers).status_code == 401
    assert sent(client, "/check", "operator-token", READ).status_code == 200
    assert sent(client, "/health", None).json()["ok"] is True


def test_why_says_everything_and_changes_nothing(client: httpx.Client) -> None:
    """The operator sees proofs and repairs, and the question leaves no trace."""
    body = {"tool": "send", "arguments": {"to": ["eve@them"], "text": "x"}}
    said = client.post("/why", json=body).json()
    assert (said["outcome"], said["runs"]) == ("reject", False)
    assert said["decision"]["reasons"][0]["rule"]["id"] == "outside"
    assert said["decision"]["reasons"][0]["proof"]
    repairs = [each["text"] for each in said["decision"]["repairs"]]
    assert repairs == ['if the operator says: internal("eve@them")']
    pay = {"tool": "pay", "arguments": {"to": "ann@us", "amount": 1}}
    for _ in range(2):
        assert client.post("/why", json=pay).json()["outcome"] == "admit"


def test_a_person_answers_over_http(client: httpx.Client) -> None:
    """A call that is left to a person waits for the operator's answer, which is given once."""
    body = {"tool": "pay", "arguments": {"to": "ann@us", "amount": 500}}
    waiting = sent(client, "/check", "agent-token", body).json()
    assert (waiting["outcome"], waiting["runs"]) == ("escalate", False)
    answered = client.post("/answer", json={"id": waiting["id"], "approved": True, "by": "ann"}).json()
    assert (answered["outcome"], answered["runs"]) == ("admit", True)
    assert client.post("/answer", json={"id": waiting["id"], "approved": True}).status_code == 400


def test_the_callers_id_is_not_the_verdicts(client: httpx.Client) -> None:
    """The error of `/answer` and `/record` for a caller's name of a call says the verdict's id."""
    for to, amount, path, more in (
        ("ann@us", 500, "/answer", {"approved": False}),
        ("bob@us", 1, "/record", {"succeeded": True}),
    ):
        body = {"tool": "pay", "arguments": {"to": to, "amount": amount}, "id": "call_1"}
        id = client.post("/check", json=body).json()["id"]
        answer = client.post(path, json={"id": "call_1", **more})
        assert answer.status_code == 400
        assert f"`call_1` is your name of the call; its verdict's id is `{id}`" in answer.json()["error"]
        assert client.post(path, json={"id": id, **more}).status_code == 200


def test_facts_and_sessions(client: httpx.Client) -> None:
    """Facts are those of one session, and gone with it."""
    body = {"tool": "send", "arguments": {"to": ["eve@them"], "text": "x"}, "session": "s"}
    fact = {"add": ['internal("eve@them")'], "session": "s"}
    assert client.post("/facts", json=fact).status_code == 200
    assert sent(client, "/check", "agent-token", body).json()["runs"] is True
    assert sent(client, "/check", "agent-token", body | {"session": ""}).json()["runs"] is False
    assert client.post("/end", json={"session": "s"}).status_code == 200
    assert sent(client, "/check", "agent-token", body).json()["runs"] is False
    assert client.post("/facts", json={"add": ["nothing(x)"]}).status_code == 400


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"tool": 7}', "application/json", 400),
        (b'{"tool": "read", "tool": "send"}', "application/json", 400),
        (b'{"tool": "read", "guess": 1}', "application/json", 400),
        (b'{"tool": "read", "arguments": NaN}', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b'{"tool": "' + b"a" * BODY + b'"}', "application/json", 413),
    ],
)
def test_bad_requests_are_refused(client: httpx.Client, content: bytes, kind: str, status: int) -> None:
    """A body that is no question gets a clear error, and the next question its answer."""
    headers = {"Authorization": "Bearer agent-token", "Content-Type": kind}
    answer = client.post("/check", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert sent(client, "/check", "agent-token", READ).json()["runs"] is True


@pytest.mark.parametrize(
    "said",
    [
        {"role": "assistant", "content": "", "invalid_tool_calls": 5},
        {"role": "user", "content": "x", "timestamp": "\u00b2"},
        {"role": "user", "content": "x", "timestamp": 10**400},
        {"data": {}},
        {"type": [], "content": {}},
        {"role": "tool", "content": "x", "tool_call": 5, "name": {"a": []}},
    ],
)
def test_odd_messages_are_no_fault_of_the_server(client: httpx.Client, said: dict[str, Any]) -> None:
    """Whatever stands in a message, it is taken in, or the sender is told that it cannot be read."""
    answer = client.post("/messages", json={"messages": [said], "session": "odd"})
    assert answer.status_code in (200, 400), answer.text


def test_a_text_does_not_decide_that_a_call_failed() -> None:
    """Results that come as messages are taken by their status, not by what a tool wrote."""
    guard = Guard(
        text=".action read_mail()\n.action send(to: symbol)\nforbid send(_) :- returned(_, read_mail, _)."
    )
    headers = {"Authorization": "Bearer operator-token"}
    with serving(guard, token="agent-token", operator_token="operator-token") as url:
        for number, text in enumerate(
            ["Error: mail from eve", '{"error": "x", "mail": "y"}', "Exception (see below)"]
        ):
            body: dict[str, Any] = {"messages": [{"role": "tool", "name": "read_mail", "content": text}]}
            body["session"] = str(number)
            assert httpx.post(url + "/messages", json=body, headers=headers, timeout=300).status_code == 200
            check = {"tool": "send", "arguments": {"to": "eve"}, "session": str(number)}
            assert (
                httpx.post(url + "/check", json=check, headers=headers, timeout=300).json()["runs"] is False
            )


def test_wrong_methods_paths_and_hosts(client: httpx.Client) -> None:
    """Nothing else is answered; a page of another name cannot reach the loopback."""
    assert client.get("/check").status_code == 405
    assert client.get("/guess").status_code == 404
    strange = client.get("/health", headers={"Host": "evil.example"})
    assert strange.status_code == 400
    for answer in (client.get("/check"), client.get("/guess"), client.post("/health"), strange):
        assert list(answer.json()) == ["error"]


def test_a_fault_of_the_server_is_answered_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server itself fails, the answer is an error as any other, and tells nothing of its code."""
    guard = guard_of(Office())
    monkeypatch.setattr(guard, "check", lambda *_, **__: 1 / 0)
    with serving(guard) as url:
        answer = httpx.post(url + "/check", json=READ, timeout=300)
    assert answer.status_code == 500
    assert answer.json() == {"error": "the server failed, and has written down why: take this as a rejection"}


def test_rules_metrics_and_openapi(client: httpx.Client) -> None:
    """The rules, the counts, and a description that is OpenAPI."""
    sent(client, "/check", "agent-token", READ)
    assert "outside" in {each["id"] for each in client.get("/rules").json()["rules"]}
    assert 'mpr_checks_total{mode="enforce",outcome="admit"} 1.0' in client.get("/metrics").text
    described = client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert set(described["paths"]["/check"]["post"]["requestBody"]["content"]) == {"application/json"}
    schema = described["paths"]["/record"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert (schema["required"], schema["additionalProperties"]) == (["id"], False)
    assert set(schema["properties"]) == {"id", "succeeded", "facts", "result", "session"}
    assert all(each["description"] for each in schema["properties"].values())
    gets = {path for path, each in described["paths"].items() if "get" in each}
    assert gets == {"/rules", "/metrics", "/health"}


def test_others_are_served_with_a_token_alone() -> None:
    """Without a token nothing but the loopback is listened on."""
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        with pytest.raises(GuardError, match="token"):
            check_address(host, None)
        check_address(host, "token")
    check_address("127.0.0.1", None)
    assert application(guard_of(Office())).routes


@pytest.mark.slow
def test_a_thousand_requests_at_once() -> None:
    """Of a thousand concurrent requests none is answered wrongly, each in its own session's state."""

    async def one(client: httpx.AsyncClient, number: int) -> bool:
        to = "ann@us" if number % 2 else "eve@them"
        first = {"tool": "send", "arguments": json.dumps({"to": [to], "text": f"n{number}"})}
        pay = {
            "tool": "pay",
            "arguments": {"to": f"p{number % 250}", "amount": 1},
            "session": str(number % 4),
        }
        told = (await client.post("/check", json=first)).json()
        paid = (await client.post("/check", json=pay)).json()
        expected = {"to": [to], "text": f"n{number}"}
        assert told["arguments"] == expected
        assert told["runs"] is (to == "ann@us")
        return bool(paid["runs"])

    async def main(url: str) -> list[bool]:
        async with AsyncExitStack() as stack:
            # one client slows down with the number of its connections
            clients = [
                await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=300, verify=False))
                for _ in range(20)
            ]
            return await asyncio.gather(*(one(clients[number % 20], number) for number in range(1000)))

    with serving(guard_of(Office(), timeout=300.0)) as url:
        paid = asyncio.run(main(url))
    assert sum(paid) == len({(n % 250, n % 4) for n in range(1000)})
