"""A model in a GGUF file, served in this process by llama.cpp for as long as it is used."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mpr_logic.errors import ModelError
from mpr_logic.models.clients import Cache, Client

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"GGUF"
# Threads that spin while they wait take the time of those that work: on busy cores that cut the speed to a
# ninth. The library reads these when it is loaded.
WAITING = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
PATIENCE = 1200.0
"""The most seconds that a local model may take to answer: it may be slow, and is never lost on a wire."""


@contextlib.contextmanager
def served(
    path: str | os.PathLike[str],
    name: str | None = None,
    *,
    cache: str | os.PathLike[str] | None = None,
    threads: int | None = None,
) -> Iterator[Client]:
    """A client of a model that is served here for as long as it is used.

    Args:
        path: a GGUF file.
        name: what the model is called; as the file where None.
        cache: a folder for its answers, which know it by the file's name: its port is another each time.
        threads: how many threads it may use; as many as it likes where None.

    Raises:
        ModelError: a package is missing, or this is no model that can be loaded.
    """
    file = Path(path)
    with serve(file, threads=threads) as url:
        yield Client(
            name or file.stem,
            base_url=url,
            api_key="none",  # no server but the one that it is for may see a key
            cache=None if cache is None else Cache(cache),
            kept_as=file.name,
            timeout=PATIENCE,
            seed=1,
        )


@contextlib.contextmanager
def serve(path: str | os.PathLike[str], *, context: int = 8192, threads: int | None = None) -> Iterator[str]:
    """Serve a model on a free port of the loopback interface; yields the base URL for a :class:`Client`.

    Nothing but this machine reaches it. It speaks the OpenAI API, takes grammars as ``gbnf``, and scores
    candidates for :class:`LlamaScorer`.

    Args:
        path: a GGUF file.
        context: how many tokens a prompt and its answer may have together.
        threads: how many threads it may use; as many as it likes where None.

    Raises:
        ModelError: the package xllamacpp is missing, or this is no model that it can load.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            if stream.read(len(MAGIC)) != MAGIC:
                raise ModelError(f"`{path}` is no GGUF file: a local model is read from one")
    except OSError as error:
        raise ModelError(f"the model `{path}` cannot be read ({error.strerror}): name a GGUF file") from None
    for name, value in WAITING.items():
        os.environ.setdefault(name, value)
    try:
        import xllamacpp
    except ImportError:
        raise ModelError("the package `xllamacpp` is not installed: pip install 'mpr-logic[local]'") from None
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(file)
    parameters.port = 0
    parameters.n_ctx = context
    parameters.n_parallel = 1
    parameters.verbosity = 0
    if threads is not None:
        parameters.cpuparams.n_threads = threads
    try:
        server = xllamacpp.Server(parameters)
        # one that is closed before its loop runs waits for ever: whoever has answered runs
        server.handle_completions({"prompt": "a", "max_tokens": 1})
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"llama.cpp cannot load `{path}`: {error}") from None
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server  # it ends when nothing refers to it any more
