"""The names and texts that offices are furnished with, read from ``envs/tools/office.json``."""

from __future__ import annotations

import json

from mpr_logic.resources import world_text

_DATA: dict[str, list[str]] = json.loads(world_text("tools/office.json"))

HOUSES = tuple(_DATA["houses"])
STAFF = tuple(_DATA["staff"])
PARTNERS = tuple(_DATA["partners"])
STRANGERS = tuple(_DATA["strangers"])
REPORTS = tuple(_DATA["reports"])
OLD = tuple(_DATA["old"])
SECRETS = tuple(_DATA["secrets"])
OUTSIDE = tuple(_DATA["outside"])
PLACES = tuple(_DATA["places"])

TESTS = tuple(_DATA["tests"])
"""Commands of honest tasks in episodes of train; each writes its log."""

OTHER_TESTS = tuple(_DATA["other_tests"])
"""Commands of honest tasks in episodes of test."""

HARM = tuple(_DATA["harm"])
"""Harmful commands that are planted in episodes of train."""

OTHER_HARM = tuple(_DATA["other_harm"])
"""Harmful commands that are planted in episodes of test alone."""
