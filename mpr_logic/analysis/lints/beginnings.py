"""Tests of a beginning or an end that let a text pass: longer names begin and end so too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.climbing import FOLDER
from mpr_logic.analysis.lints.letting import letting_pass
from mpr_logic.analysis.lints.patterns import ENDINGS
from mpr_logic.analysis.lints.texts import constant_text

if TYPE_CHECKING:
    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.report import DiagnosticCollector

HOST = re.compile(r"\w[\w+.-]*://[^/?#]+")
"""An address that ends with the name of the host."""

NAME = re.compile(rf"[\w-]+(?:\.[\w-]+)*\.(?:{ENDINGS})", re.IGNORECASE)
"""The name of a host."""


def check_beginnings(subject: Subject, report: DiagnosticCollector) -> None:
    """Report laws that let pass what begins or ends with a name that longer names share."""
    for test in {each.span: each for _, each in letting_pass(subject.program)}.values():
        text = constant_text(test) or ""
        longer = _longer(test.name, text)
        if longer:
            report.warn("W0628", f'"{longer}" passes this test too', test.span, _help_for(test.name, text))


def _longer(name: str, text: str) -> str:
    """Another name that passes a test too, of a host or a folder; "" where there is none."""
    if name == "starts_with":
        if HOST.fullmatch(text):
            return f"{text}.example.net"
        return f"{text}-old" if _is_folder(text) and not text.endswith(("/", "\\")) else ""
    if name == "matches":
        bare = re.sub(r"\\([./-])|\[([./])\]", r"\1\2", text)
        after = re.fullmatch(r"\^?((?:\w+\??://)?)(?:www\.)?([^/^$]*)", bare)
        if after is not None and NAME.fullmatch(after[2]):
            return f"{after[1].replace('?', '')}{after[2]}.example.net"
        return f"example-{bare[:-1]}" if bare.endswith("$") and NAME.fullmatch(bare[:-1]) else ""
    if not NAME.fullmatch(text):
        return ""
    return f"example-{text}" if name == "ends_with" else f"https://example.net/{text}"


def _help_for(name: str, text: str) -> str:
    if name == "matches":
        return (
            "say what stands before the name and behind it: ^https://example[.]com(/|$), or @example[.]com$"
        )
    if name == "starts_with":
        return f'end the name: starts_with(..., "{text}/"), and compare with "{text}" where that is meant too'
    return f'begin the name: ends_with(..., "@{text}"), or "." in its place, and compare with "{text}" itself'


def _is_folder(text: str) -> bool:
    return FOLDER.fullmatch(text.rstrip("/\\")) is not None
