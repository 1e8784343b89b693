"""Programs that run other programs: how their own options are told from the command behind them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wrapper:
    """``valued`` options take the next word; ``flags`` take none, a letter or a long name each. Then come so
    many words of its own (``skips``), where ``sets`` allows it ``NAME=VALUE``, and the command."""

    valued: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    skips: int = 0
    sets: bool = False


def _wrapper(valued: str = "", flags: str = "", skips: int = 0, *, sets: bool = False) -> Wrapper:
    return Wrapper(frozenset(valued.split()), frozenset(flags.split()), skips, sets)


WRAPPERS = {
    "sudo": _wrapper(
        "-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir",
        "-A -b -E -H -k -K -n -P -S -s -i -v -l --login --shell --preserve-env --non-interactive --stdin",
        sets=True,
    ),
    "doas": _wrapper("-u -C", "-n -s -L", sets=True),
    "env": _wrapper(
        "-u -C --unset --chdir", "-i -0 -v - --ignore-environment --null --debug --default-signal", sets=True
    ),
    "xargs": _wrapper(
        "-I -n -P -L -d -s -E -a --max-args --max-procs --max-lines --delimiter --arg-file --replace",
        "-0 -r -t -p -x -o --null --no-run-if-empty --verbose --interactive --exit",
    ),
    "nice": _wrapper("-n --adjustment"),
    "ionice": _wrapper("-c -n -P -u --class --classdata", "-t --ignore"),
    "nohup": _wrapper(),
    "setsid": _wrapper("", "-c -f -w --ctty --fork --wait"),
    "time": _wrapper("-f -o --format --output", "-p -v -a --portability --verbose --append"),
    "timeout": _wrapper(
        "-k -s --kill-after --signal", "-v --foreground --preserve-status --verbose", skips=1
    ),
    "stdbuf": _wrapper("-i -o -e --input --output --error"),
    "command": _wrapper("", "-p"),
    "builtin": _wrapper(),
    "exec": _wrapper("-a", "-c -l"),
    "coproc": _wrapper(),
    "chroot": _wrapper("", "", skips=1),
    "flock": _wrapper("-w -E --timeout", "-s -x -e -n -u -o --shared --exclusive --nonblock", skips=1),
    "taskset": _wrapper("", "-a -c", skips=1),
    "strace": _wrapper("-e -o -p -s -u", "-f -ff -c -q -t -tt -T -v -y"),
    "busybox": _wrapper(),
    "toybox": _wrapper(),
    "pkexec": _wrapper("--user", "--disable-internal-agent"),
    "runuser": _wrapper("-u -g --user --group", "-l -m -p"),
    "caffeinate": _wrapper("-t -w", "-d -i -m -s -u"),
    "unbuffer": _wrapper("", "-p"),
    "chronic": _wrapper("", "-v -e"),
    "fakeroot": _wrapper("", "--"),
}
"""The wrappers that are read through."""

TELLS = {"command": {"-v", "-V"}, "sudo": {"-l", "-v", "-K", "-k"}}
"""Options with which a wrapper runs nothing."""

SHELLS = frozenset(
    {"sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "csh", "tcsh", "rbash", "pwsh"}
)
"""Programs that run what they read, or what stands behind ``-c``."""

VALUED_OF_SHELLS = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"})
"""Options of a shell that take the next word."""

UNREAD = frozenset(
    "source . alias hash enable fc parallel script expect at batch systemd-run unshare nsenter gdb entr "
    "watch proot setarch start-stop-daemon su".split()
)
"""Programs that run, or change, what cannot be told from the words behind them."""

WRITERS = frozenset({"tee", "sponge"})
"""Programs that write the files which they are given."""

RESERVED = frozenset(
    "! { } if then elif else fi for while until do done case esac in select function [[ ]]".split()
)
"""Words of the shell itself, which name no program."""
