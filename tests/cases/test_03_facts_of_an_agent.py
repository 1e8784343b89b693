"""An agent says how its call went over HTTP, and states no facts."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("httpx")
pytest.importorskip("starlette", reason="needs the extra: pip install 'mpr-logic[serve]'")

from starlette.testclient import TestClient

from mpr_logic.guard.guard import Guard
from mpr_logic.integrations.http.app import application

RULES = """
.decl staff(name: symbol)
.decl barred(name: symbol)
staff("ann"). staff("mallory"). barred("mallory").
.action admit(name: symbol)
@id(stranger) forbid admit(N) :- not staff(N).
@id(barred) forbid admit(N) :- barred(N).
"""


@pytest.mark.parametrize(
    ("name", "fact"),
    [("eve", 'staff("eve")'), ("mallory", '0.01 :: barred("mallory")'), ("mallory", 'not barred("mallory")')],
)
def test_a_record_with_facts_opens_nothing(name: str, fact: str) -> None:
    """A fact beside an outcome is refused, and what was rejected before still is."""
    client = TestClient(
        application(Guard(text=RULES), token="agent", operator_token="operator"),
        base_url="http://127.0.0.1",
        headers={"Authorization": "Bearer agent"},
    )

    def asked(who: str) -> Any:
        return client.post("/check", json={"tool": "admit", "arguments": {"name": who}}).json()

    assert asked(name)["runs"] is False
    body = {"id": asked("ann")["id"], "succeeded": True, "facts": [fact]}
    assert client.post("/record", json=body).status_code in (401, 403)
    assert asked(name)["runs"] is False
    assert client.post("/record", json=body | {"facts": []}).status_code == 200
    assert asked(name)["runs"] is False
