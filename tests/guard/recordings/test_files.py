"""Files of recordings: kinds of JSON, compression, folders, shares, and records that are broken."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic.errors import GuardError
from mpr_logic.guard.recordings.files import Share, recordings_in
from mpr_logic.guard.recordings.recording import Broken, Recording


def chat(name: str) -> dict[str, Any]:
    """A recording of one message."""
    return {"id": name, "messages": [{"role": "user", "content": name}]}


def names(*paths: Path, share: Share | None = None) -> list[str]:
    """The names that the recordings have of their own; ``!`` for a broken one."""
    found = [each.recording for each in recordings_in(paths, share)]
    return ["!" if isinstance(each, Broken) else each.name.split()[-1] for each in found]


def errors(path: Path) -> list[str]:
    """The errors of the broken records of a file, each with its place."""
    found = [each.recording for each in recordings_in([path])]
    return [
        f"{each.name.removeprefix(str(path))}: {each.error}" for each in found if isinstance(each, Broken)
    ]


LINES = "\n".join(json.dumps(chat(name)) for name in "abc")
KINDS = {
    "lines": LINES,
    "lines with blank ones": LINES.replace("\n", "\n\n") + "\n",
    "an array on one line": json.dumps([chat(name) for name in "abc"]),
    "an array on many lines": json.dumps([chat(name) for name in "abc"], indent=2),
    "an array with a value a line": "[\n" + LINES.replace("\n", ",\n") + "\n]",
    "an object on many lines": '{\n"simulations": [\n'
    + ",\n".join(f'{{"task_id": 1, "trial": "{name}", "messages":\n[]\n}}' for name in "abc")
    + "\n]\n}",
    "a mark of the byte order": "\ufeff" + LINES,
}


@pytest.mark.parametrize("text", KINDS.values(), ids=KINDS)
def test_kinds_of_json(tmp_path: Path, text: str) -> None:
    """JSON lines and arrays are read alike."""
    file = tmp_path / "calls.json"
    file.write_text(text, encoding="utf-8")
    assert names(file) == ["a", "b", "c"]


def test_an_object_with_a_message_on_each_line(tmp_path: Path) -> None:
    """One recording, laid out by hand, is no JSON lines, though its last message is a line of its own."""
    file = tmp_path / "one.json"
    file.write_text('{\n"messages": [\n{"role": "user", "content": "hi"}\n],\n"id": "a"}')
    assert names(file) == ["a"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, bz2.compress])
def test_compressed(tmp_path: Path, pack: Any) -> None:
    """A file is unpacked as its bytes ask for it, whatever its name; also where lines belong together."""
    file = tmp_path / "calls"
    file.write_bytes(pack(LINES.encode()))
    assert names(file) == ["a", "b", "c"]
    lines = [json.dumps({"role": "user", "content": each}) for each in "ab"]
    file.write_bytes(pack("\n".join(lines).encode()))
    (found,) = recordings_in([file])
    assert isinstance(found.recording, Recording)
    assert [each.text for each in found.recording.messages] == ["a", "b"]


def test_folders(tmp_path: Path) -> None:
    """Of a folder those files are read that are recordings by name, in the order of names."""
    for name in ("b.jsonl", "a.json", "below/c.json.gz"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        text = json.dumps(chat(file.name[0])).encode()
        file.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    (tmp_path / "README.md").write_text("no recording")
    assert names(tmp_path) == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_paths_that_name_nothing(tmp_path: Path, name: str) -> None:
    """A path that is not there, and a folder without recordings, are errors."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(GuardError, match=name):
        names(tmp_path / name)


def test_broken_records_among_others(tmp_path: Path) -> None:
    """A broken record is told with its place, and with what was expected; the rest goes on."""
    file = tmp_path / "calls.jsonl"
    lines = [
        chat("a"),
        {"shape": 1},
        {"messages": [{"role": "user", "content": "x"}, {"role": "judge"}]},
        chat("z"),
    ]
    file.write_text("\n".join(map(json.dumps, lines)) + '\n{"messages": [')
    assert names(file) == ["a", "!", "!", "z", "!"]
    unknown, role, torn = errors(file)
    assert unknown.startswith(":2: it is of no known format: an object with `shape`. There are ")
    assert "tau-bench: {" in unknown
    assert role.startswith(":3: it is not as OpenAI chat or responses has it: message 1 is from `judge`")
    assert torn.startswith(":5: line 1, column 15: it is no JSON")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"hello", "it is no JSON"),
        (b"\xff\xfe\x00", "it is no JSON"),
        (b"3", "it is of no known format: the value '3'"),
        (b"[]", "an empty list"),
        (b"\x1f\x8bnothing", "it cannot be read"),
        (b"PK\x03\x04nothing", "it cannot be read"),
        (b"[" * 100_000, "it is no JSON"),
        (b'{"simulations": [3]}', "a simulation is to be an object, not int"),
        (b'{"messages": [{"role": "user", "content": "x"}, 3]}', "message 1 is to be an object"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, said: str) -> None:
    """Whatever a file holds, it is told what is wrong with it."""
    file = tmp_path / "calls.json"
    file.write_bytes(content)
    (found,) = errors(file)
    assert said in found


@pytest.mark.parametrize("text", [LINES, json.dumps([chat(name) for name in "abc"])])
@pytest.mark.parametrize("limit", [None, 0, 1, 2, 3, 4])
def test_shares_make_the_whole(tmp_path: Path, text: str, limit: int | None) -> None:
    """The shares of several processes are all recordings, each once, with one number; a limit is for all of
    them together."""
    files = []
    for name in ("one.json", "two.json"):
        files.append(tmp_path / name)
        files[-1].write_text(text)
    whole = list(recordings_in(files, Share(limit=limit)))
    assert len(whole) == (6 if limit is None else limit)
    for parts in (1, 2, 3):
        found = [each for part in range(parts) for each in recordings_in(files, Share(part, parts, limit))]
        assert sorted(found, key=lambda each: each.number) == whole


KEYS = """
messages role content tool_calls function name arguments id type traj task_id reward simulations
info user_task_id suite_name samples epoch eval events scores mpr_log kind session resourceSpans
attributes traceId object span_data trace_id sessionId message payload run_type inputs outputs
child_runs input output choices item metadata requestor data kwargs timestamp
""".split()
WORDS = """
user assistant tool decision result trace.span function generation llm response_item item.completed
function_call constructor summary
""".split()
RAW: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS), inner | st.sampled_from([1, *WORDS]), max_size=5)
    ),
    max_leaves=12,
)


@pytest.mark.heavy
@settings(max_examples=150, deadline=None)
@given(values=st.lists(RAW, min_size=1, max_size=4), lines=st.booleans())
def test_any_json(tmp_path_factory: pytest.TempPathFactory, values: Any, lines: bool) -> None:
    """Any JSON is recordings, or broken records with a reason: never another error."""
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_text("\n".join(map(json.dumps, values)) if lines else json.dumps(values))
    for each in recordings_in([file]):
        if isinstance(each.recording, Broken):
            assert each.recording.error
        else:
            assert all(message.role for message in each.recording.messages)


@pytest.mark.heavy
def test_memory_is_bounded(tmp_path: Path) -> None:
    """A file of JSON lines is read with one recording in memory, also where lines belong together."""
    text = "x" * 2_000
    kinds = [
        [chat(text) for _ in range(3_000)],
        [
            {"type": "user", "sessionId": str(i % 1_000), "message": {"role": "user", "content": text}}
            for i in range(3_000)
        ],
    ]
    for lines in kinds:
        file = tmp_path / "calls.jsonl"
        file.write_text("\n".join(map(json.dumps, lines)))
        tracemalloc.start()
        try:
            assert sum(1 for _ in recordings_in([file])) == len(lines) // (1 if "messages" in lines[0] else 3)
            assert tracemalloc.get_traced_memory()[1] < 1_500_000 < file.stat().st_size / 4
        finally:
            tracemalloc.stop()


FAR = int("9" * 400)


@pytest.mark.parametrize("place", ["timestamp", "label", "superscript"])
def test_numbers_beyond_all_bounds(tmp_path: Path, place: str) -> None:
    """A time or a label that no float holds, and digits that are no number, are none: the record is read."""
    odd = chat("odd")
    if place == "label":
        odd["reward"] = FAR
    else:
        odd["messages"][0]["timestamp"] = FAR if place == "timestamp" else "²"
    file = tmp_path / "calls.jsonl"
    file.write_text(f"{json.dumps(odd)}\n{LINES}")
    found = [each.recording for each in recordings_in([file])]
    assert names(file) == ["odd", "a", "b", "c"]
    assert isinstance(found[0], Recording)
    assert found[0].messages[0].at is None
    assert "reward" not in found[0].labels


@pytest.mark.parametrize("at", range(10, 60, 3))
@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_damaged_bytes(tmp_path: Path, pack: Any, at: int) -> None:
    """A file that is damaged anywhere is told as broken, and the next one is read."""
    data = bytearray(pack(LINES.encode()))
    data[at] ^= 0xFF
    one, two = tmp_path / "one.jsonl.gz", tmp_path / "two.jsonl"
    one.write_bytes(data)
    two.write_text(LINES)
    assert names(one, two)[-3:] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("what", "at", "value"), [("a password", 6, 1), ("a packing", 8, 77), ("a sum", 14, 0)]
)
def test_an_entry_of_an_archive_that_is_broken(tmp_path: Path, what: str, at: int, value: int) -> None:
    """It is told as broken, and the other ones are read."""
    file = tmp_path / "log.eval"
    with zipfile.ZipFile(file, "w") as archive:
        for name in "ab":
            sample = {"id": name, "epoch": 1, "messages": [{"role": "user", "content": name}]}
            archive.writestr(f"samples/{name}.json", json.dumps(sample))
    data = bytearray(file.read_bytes())
    data[at : at + 2] = value.to_bytes(2, "little")
    central = data.index(b"PK\x01\x02") + 2
    data[central + at : central + at + 2] = value.to_bytes(2, "little")
    file.write_bytes(data)
    first, second = (each.recording for each in recordings_in([file]))
    assert isinstance(first, Broken), what
    assert first.name.endswith("samples/a.json")
    assert isinstance(second, Recording)


def test_a_key_twice_in_a_record(tmp_path: Path) -> None:
    """A record is broken that some readers read otherwise: it does not say which call was made."""
    call = '{"type": "tool_use", "id": "1", "name": "pay", "input": {"to": "ann", "to": "eve"}}'
    file = tmp_path / "calls.jsonl"
    odd = f'{{"id": "odd", "messages": [{{"role": "assistant", "content": [{call}]}}]}}'
    file.write_text(f"{LINES}\n{odd}")
    assert names(file) == ["a", "b", "c", "!"]
    assert "the key `to` stands twice in one object" in errors(file)[0]
