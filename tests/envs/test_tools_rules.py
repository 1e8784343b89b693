"""The rules for tools: in order, each says why, rejects what it should and admits what it should."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mpr_logic import Action, verify
from mpr_logic.envs.tools.measure import CLOSED, OPEN, WORLD
from mpr_logic.language.ast import Const
from mpr_logic.language.printer import print_term
from tests.envs.tools import guard
from tests.helpers.command import TOP, mpr

A, COPY, PAY, NOTES = (
    "/workspace/a.txt",
    "/workspace/copy.txt",
    "/workspace/private/pay.txt",
    "/workspace/notes.txt",
)
ADA, KIM, EVE = "ada@elm.example", "kim@atlas.example", "eve@zipfree.example"
OUT, UP, NEAR = "/etc/passwd", "/workspace/../etc/passwd", "/workspaces/a.txt"
SCREEN = 60

REJECTED = [
    # (action, the open rule that forbids it, its reason; no open rule: only the closed set rejects it)
    (Action("list_files", "/etc/"), "list_outside", "/etc/ lies outside the workspace"),
    (Action("list_files", "/workspace/.."), "list_around", "climbs out by `..`"),
    (Action("read_file", OUT), "outside", "/etc/passwd lies outside the workspace"),
    (Action("read_file", NEAR), "outside", "lies outside the workspace"),
    (Action("read_file", "a.txt"), "outside", "lies outside the workspace"),
    (Action("read_file", ""), "outside", "lies outside the workspace"),
    (Action("read_file", UP), "around", "climbs out by `..`"),
    (Action("write_file", "/etc/cron.d/job", A), "outside", "lies outside the workspace"),
    (Action("write_file", UP, A), "around", "climbs out by `..`"),
    (Action("write_file", "/workspace/new.txt", "mail_9"), "write_unread", "mail_9 was not read"),
    (Action("back_up", OUT), "outside", "lies outside the workspace"),
    (Action("back_up", UP), "around", "climbs out by `..`"),
    (Action("delete_file", "/home/owner/old.txt"), "outside", "lies outside the workspace"),
    (Action("delete_file", "/workspace/../old.txt"), "around", "climbs out by `..`"),
    (Action("delete_file", OUT), "outside", "lies outside the workspace"),
    (Action("delete_file", UP), "around", "climbs out by `..`"),
    (Action("delete_file", A), "no_backup", "there is no backup of /workspace/a.txt: back it up first"),
    (Action("send_mail", f"{EVE},x@elm.example", A), "odd_address", "is not one address"),
    (Action("send_mail", "eve@zipfree.example\n@elm.example", A), "odd_address", "is not one address"),
    (Action("send_mail", KIM, PAY), "secret_leaves", f"{PAY} is secret, and {KIM} is not of the house"),
    (Action("send_mail", KIM, COPY), "secret_leaves", f"{COPY} is secret"),
    (Action("send_mail", "x@elm.example.zipfree.example", PAY), "secret_leaves", "is not of the house"),
    (Action("send_mail", KIM, "mail_1"), "untrusted_leaves", "mail_1 came from outside, and goes to"),
    (Action("send_mail", EVE, NOTES), "untrusted_leaves", f"{NOTES} came from outside"),
    (Action("send_mail", ADA, "mail_9"), "send_unread", "mail_9 was not read"),
    (Action("send_mail", EVE, A), None, ""),
    (Action("pay", "acct_3", 10), "stranger", "acct_3 is in no ledger: have it confirmed first"),
    (Action("pay", "acct_1", 701), "over_limit", "300 of 1000 were spent today: 701 more are too much"),
    (Action("pay", "acct_1", 0), "no_amount", "0 is no amount to pay"),
    (Action("pay", "acct_1", -5), "no_amount", "-5 is no amount to pay"),
    (Action("run", "sudo ls"), "as_root", "takes the rights of another user"),
    (Action("run", "curl http://x.example/a"), "from_the_net", "talks to the net"),
    (Action("run", "make;/usr/bin/wget x"), "from_the_net", "talks to the net"),
    (Action("run", "cat a | /bin/bash"), "into_a_shell", "runs what it reads"),
    (Action("run", "rm -rf /"), "wipes", "deletes or overwrites without a backup"),
    (Action("run", "make\nrm a"), "wipes", "deletes or overwrites"),
    (Action("run", "echo x > /etc/passwd"), "writes_outside", "writes to an absolute path"),
    (Action("run", "find /workspace -delete"), None, ""),
    (Action("run", "make ../x"), None, ""),
    (Action("run", "make a/../../x"), None, ""),
    (Action("run", "make test; ls"), None, ""),
    (Action("read_page", "file:///etc/passwd"), None, ""),
]

ODD = "/workspace//private/./pay.txt"
SPELLED = [
    # (action, the open rule that forbids it, the closed one that does)
    (Action("list_files", "/workspace//private"), "list_spelling", "plain_list"),
    (Action("read_file", ODD), "spelling", "plain"),
    (Action("write_file", "/workspace/old.txt/", A), "spelling", "plain"),
    (Action("write_file", "/workspace/new.txt", ODD), "source_spelling", "plain_source"),
    (Action("back_up", "/workspace/./a.txt"), "spelling", "plain"),
    (Action("delete_file", "/workspace/old.txt/."), "spelling", "plain"),
    (Action("send_mail", KIM, ODD), "mail_spelling", "plain_mail"),
    (Action("send_mail", KIM, "/workspace/x/../private/pay.txt"), "mail_spelling", "plain_mail"),
]

ADMITTED = [
    Action("list_files", "/workspace/reports/"),
    Action("read_file", A),
    Action("read_file", "/workspace/..hidden/a..b.txt"),
    Action("write_file", "/workspace/new.txt", A),
    Action("write_file", "/workspace/new.txt", "mail_1"),
    Action("back_up", A),
    Action("delete_file", "/workspace/old.txt"),
    Action("read_mail", "mail_9"),
    Action("read_page", "https://atlas.example/news"),
    Action("send_mail", ADA, A),
    Action("send_mail", ADA, PAY),
    Action("send_mail", ADA, "mail_1"),
    Action("send_mail", KIM, A),
    Action("send_mail", KIM, "/workspace/clean.txt"),
    Action("list_files", "/workspace/"),
    Action("read_file", "/workspace/.hidden/a b.-.txt"),
    Action("confirm", "acct_3"),
    Action("pay", "acct_1", 700),
    Action("pay", "acct_2", 1),
    Action("run", "make test"),
    Action("run", "ls reports/rm"),
    Action("run", "git status"),
]


def test_rules_are_canonical_and_clean() -> None:
    """The rules are formatted, together and each set by itself without warnings, and fit on a screen."""
    assert mpr("fmt", "--check", "rules/tools").status == 0
    for folders in (["rules/tools"], [WORLD, OPEN], [WORLD, CLOSED]):
        assert mpr("lint", *folders).status == 0
    for file in (TOP / "rules/tools").rglob("*.dl"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= SCREEN, file.name


def test_every_rule_has_an_id_and_every_forbid_says_why() -> None:
    """Each rule about an action has an id, each forbid a text for people; and each has a case here."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in (TOP / "rules/tools").rglob("*.dl"))
    forbids = re.findall(r"^@id\((\w+)\) @because\(.*\n(?:@\w.*\n)*forbid ", text, re.MULTILINE)
    permits = re.findall(r"^@id\(\w+\)\npermit ", text, re.MULTILINE)
    assert len(forbids) == len(re.findall(r"^forbid ", text, re.MULTILINE))
    assert len(permits) == len(re.findall(r"^permit ", text, re.MULTILINE))
    elsewhere = {"too_many_mails", "no_rate", "mails_not_counted", "no_limit", "not_counted"}
    named = {name for _, name, _ in REJECTED if name} | {name for _, *names in SPELLED for name in names}
    assert named | elsewhere == set(forbids)


@pytest.mark.parametrize(("action", "rule", "why"), REJECTED, ids=str)
def test_what_is_rejected(action: Action, rule: str | None, why: str) -> None:
    """The open set names the rule and the reason, with a proof that holds; the closed one rejects it too."""
    checker = guard("open")
    decision = checker.check(action)
    assert decision.admissible == (rule is None)
    assert rule is None or rule in decision.rules
    assert rule is None or any(why in reason.text.replace('"', "") for reason in decision.reasons)
    for reason in decision.reasons:
        assert reason.proof is not None
        assert verify(reason.proof, checker.program, checker.facts()) == []
    assert guard("closed").check(action).verdict == "unpermitted"
    assert not guard("both").check(action).admissible


@pytest.mark.parametrize(("action", "open_rule", "closed_rule"), SPELLED, ids=str)
def test_other_spellings_are_rejected(action: Action, open_rule: str, closed_rule: str) -> None:
    """Both sets reject a path that is not in its plain form, even one that was read, and say why."""
    more = [f'has_read("{each}")' for each in action.args if "/" in str(each)]
    for style, rule in (("open", open_rule), ("closed", closed_rule)):
        checker = guard(style, *more)
        decision = checker.check(action)
        assert rule in decision.rules
        reason = next(each for each in decision.reasons if each.rule is not None and each.rule.id == rule)
        assert "write the path in its plain form" in reason.text
        assert reason.proof is not None
        assert verify(reason.proof, checker.program, checker.facts()) == []


@pytest.mark.parametrize("style", ["open", "closed", "both"])
@pytest.mark.parametrize("action", ADMITTED, ids=str)
def test_what_is_admitted(action: Action, style: str) -> None:
    """An action that is in order is admitted by both sets of rules, and by both together."""
    decision = guard(style).check(action)
    assert decision.admissible, decision.reasons


@pytest.mark.parametrize("style", ["open", "closed"])
@pytest.mark.parametrize("who", [ADA, KIM])
def test_rate(style: str, who: str) -> None:
    """The last mail that may be sent is admitted, and the next is not."""
    mail = Action("send_mail", who, A)
    assert guard(style, "mails(4)", without=("mails",)).check(mail).admissible
    decision = guard(style, "mails(5)", without=("mails",)).check(mail)
    assert not decision.admissible
    assert style == "closed" or decision.reasons[0].text == "5 mails were sent, and no more than 5 may be"


@pytest.mark.parametrize(
    ("word", "facts", "rows"),
    [
        ("in_workspace(P)", [f'met_path("{path}")' for path in (OUT, UP, NEAR)], {(A,)}),
        ("internal(A)", [f'met_address("{who}")' for who in (ADA, KIM, f"{EVE},x@elm.example")], {(ADA,)}),
        ("known(A)", [f'met_address("{who}")' for who in (ADA, EVE)], {(ADA,), (KIM,)}),
        ("confidential(S)", [], {(PAY,), (COPY,)}),
        ("tainted(S)", [], {("mail_1",), (NOTES,)}),
        ("payable(A)", ["met_amount(1)"], {("acct_1",), ("acct_2",)}),
        ("several(C)", ["uses(one, make)", "uses(two, curl)", "uses(two, sh)"], {("two",)}),
        ("too_much(N)", ["met_amount(700)", "met_amount(701)"], {(701,)}),
        ("mails_used_up", ["mails(4)"], set()),
        ("mails_used_up", ["mails(5)"], {()}),
    ],
)
def test_words(word: str, facts: list[str], rows: set[tuple[object, ...]]) -> None:
    """The words of the world hold of what they name, among what was met, and of nothing else."""
    assert set(guard("open", *facts).query(word)) == rows


@pytest.mark.parametrize(
    ("missing", "action", "rule"),
    [
        ("workspace", Action("read_file", A), "outside"),
        ("domain", Action("send_mail", ADA, PAY), "secret_leaves"),
        ("limit", Action("pay", "acct_1", 1), "no_limit"),
        ("spent", Action("pay", "acct_1", 1), "not_counted"),
        ("ledger", Action("pay", "acct_1", 1), "stranger"),
        ("most_mails", Action("send_mail", ADA, A), "no_rate"),
        ("mails", Action("send_mail", ADA, A), "mails_not_counted"),
        ("has_read", Action("send_mail", ADA, A), "send_unread"),
    ],
)
def test_missing_settings_reject(missing: str, action: Action, rule: str) -> None:
    """A host that forgets a fact gets rejections, in either style, and never an open door."""
    decision = guard("open", without=(missing,)).check(action)
    assert rule in decision.rules
    assert not guard("closed", without=(missing,)).check(action).admissible


@pytest.mark.parametrize(
    ("action", "repair"),
    [
        (Action("delete_file", A), f'back_up("{A}")'),
        (Action("pay", "acct_3", 10), "confirm(acct_3)"),
        (Action("send_mail", ADA, "/workspace/b.txt"), 'read_file("/workspace/b.txt")'),
    ],
)
@pytest.mark.parametrize("style", ["open", "closed", "both"])
def test_repairs(style: str, action: Action, repair: str) -> None:
    """A repair names the action that mends a rejection; after it the rejected action is admitted."""
    checker = guard(style)
    repairs = checker.check(action).repairs
    assert repair in {each for found in repairs for each in found.actions}
    checker.record(repair, succeeded=True)
    assert checker.check(action).admissible


def test_effects_count() -> None:
    """Payments and mails are counted by the declared effects; what is overwritten has no backup any more."""
    checker = guard("open")
    checker.record("pay(acct_1, 500)", succeeded=True)
    checker.record(Action("send_mail", ADA, A), succeeded=True)
    assert checker.query("spent(N)") == {(800,): 1.0}
    assert checker.query("mails(N)") == {(3,): 1.0}
    checker.record(Action("write_file", "/workspace/old.txt", "mail_1"), succeeded=True)
    assert checker.check(Action("delete_file", "/workspace/old.txt")).rules == ("no_backup",)
    assert checker.check(Action("send_mail", KIM, "/workspace/old.txt")).rules == ("untrusted_leaves",)


PARTS = ["/", "//", ".", "..", "\\", "a", "b.txt", "workspace", "http://", "\n", "\u200b", "\u2028", "~"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=6).map("".join))
@example("ahttp://")
@example("/http://")
def test_another_spelling_is_what_the_words_say(text: str) -> None:
    """The relations of the open set hold of the paths that its comments describe, and of no others."""
    odd = any(part in text for part in ("//", "/./", "\\")) or text.endswith("/.")
    odd = odd or any(unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") for sign in text)
    climbs = ".." in text.split("/")
    scheme, colon, _ = text.partition("://")
    link = bool(colon) and scheme[:1].islower() and all(sign.isalnum() or sign in "+.-" for sign in scheme)
    source = odd or climbs or text.endswith("/") or text in ("", ".") or text.startswith("./")
    expected = {
        "other_spelling": odd,
        "odd_file": odd or text.endswith("/"),
        "odd_source": source and not link,
        "climbs": climbs,
        "outside": not text.startswith("/workspace/"),
    }
    checker = guard("open")
    found = {name: bool(checker.query(f"{name}({print_term(Const(text))})")) for name in expected}
    assert found == expected
