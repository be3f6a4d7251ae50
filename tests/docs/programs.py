"""What each program that a page calls is held to: its own parser, its own files, or a reason it is not run.

A program that stands in neither table fails the test of its page: nothing is passed over in silence.
"""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from consumer import __main__ as consumer
from consumer.cli.commands import COMMANDS, find
from consumer.errors import ConfigurationError
from consumer.settings import Settings, flags
from producer_sim.errors import PublisherError
from producer_sim.options import parse_options
from tests.imports import ROOT

Words = Sequence[str]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
VARIABLES = set(re.findall(r"^([A-Z_]+) \??=", MAKEFILE, re.MULTILINE))
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
CHART = ROOT / "deploy" / "helm" / "tweet-sentiment"


class WrongCommandError(AssertionError):
    """A command on a page that would not work."""


def require(condition: object, what: str) -> None:
    """Raise by name where a page says something that is not."""
    if not condition:
        raise WrongCommandError(what)


def make(words: Words) -> None:
    """Each word is a target, or a variable that the Makefile knows."""
    for word in words:
        name, given, _ = word.partition("=")
        require(name in (VARIABLES if given else TARGETS), f"make knows no {word}")


def stream(words: Words) -> None:
    """``python -m consumer``: by the parser that will read it."""
    rest = list(words)
    name = rest.pop(0) if rest and not rest[0].startswith("-") else "run"
    require(name in COMMANDS, f"the consumer has no command {name}")
    try:
        consumer._parse(name, find(name), rest)
    except ConfigurationError as error:
        raise WrongCommandError(f"consumer {name}: {error}") from error


def publisher(words: Words) -> None:
    """``python -m producer_sim``: likewise."""
    try:
        parse_options(list(words), {})
    except (PublisherError, SystemExit) as error:
        raise WrongCommandError(f"producer_sim {shlex.join(words)}: {error}") from error


def trainer(words: Words) -> None:
    """``python -m training``: likewise; most of its commands load TensorFlow for it."""
    module = importlib.import_module(f"training.{words[0]}")
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    module.add_arguments(parser)
    try:
        parser.parse_args(list(words[1:]))
    except (argparse.ArgumentError, SystemExit) as error:
        raise WrongCommandError(f"training {shlex.join(words)}: {error}") from error


def tool(module: str, words: Words) -> None:
    """A module of ours that is run: it is there, and its flags stand in it."""
    path = ROOT.joinpath(*module.split("."))
    files = [path.with_suffix(".py"), path / "__main__.py"]
    require(any(file.is_file() for file in files), f"there is no module {module}")
    source = "".join(file.read_text("utf-8") for file in files if file.is_file())
    for word in words:
        flag = word.partition("=")[0]
        require(not flag.startswith("-") or f'"{flag}"' in source, f"{module} has no {flag}")


def python(words: Words) -> None:
    """A module by ``-m``, or a file of ours."""
    if words[0] != "-m":
        require((ROOT / words[0]).is_file(), f"there is no {words[0]}")
        return
    module, rest = words[1], words[2:]
    known: dict[str, Callable[[Words], None]] = {
        "consumer": stream,
        "producer_sim": publisher,
        "training": trainer,
        "pytest": pytest_run,
    }
    known[module](rest) if module in known else tool(module, rest)


def pytest_run(words: Words) -> None:
    """Files that it is given are there."""
    for word in words:
        require(not word.startswith("tests") or (ROOT / word).exists(), f"there is no {word}")


def pip(words: Words) -> None:
    """An extra of ours is one; another package is a client's own."""
    for extra in re.findall(r"tweet-sentiment\[([\w,-]+)\]", " ".join(words)):
        require(set(extra.split(",")) <= set(EXTRAS), f"there is no extra {extra}")


def docker(words: Words) -> None:
    """Profiles and services of compose, and the consumer's command in the image, are known."""
    given = list(words)
    if given[0] == "compose":
        profiles = {name for service in COMPOSE.values() for name in service.get("profiles", ())}
        for flag, names in (("--profile", profiles), ("--scale", set(COMPOSE))):
            asked = {given[at + 1].partition("=")[0] for at, word in enumerate(given) if word == flag}
            require(asked <= names, f"compose has no {flag} {asked - names}")
    elif "tweet-sentiment" in given:
        stream(given[given.index("tweet-sentiment") + 1 :])


def helm(words: Words) -> None:
    """A chart of ours is there, and a value that is set is one."""
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    for at, word in enumerate(words):
        require(not word.startswith("deploy/") or (ROOT / word).is_dir(), f"there is no chart {word}")
        if word == "--set":
            found = values
            for part in words[at + 1].partition("=")[0].split("."):
                require(isinstance(found, dict) and part in found, f"the chart has no {words[at + 1]}")
                found = found[part]


def maven(words: Words) -> None:
    """The example it builds is there."""
    for word in words:
        require(not word.startswith("docs/") or (ROOT / word / "pom.xml").is_file(), f"no pom.xml in {word}")


def source(words: Words) -> None:
    """``.``: what `make` made."""
    require(list(words) == [".venv/bin/activate"], f"nothing is to be sourced but .venv: {words}")


def folder(words: Words) -> None:
    """``cd``: into a folder of ours."""
    require((ROOT / words[0]).is_dir(), f"there is no folder {words[0]}")


def copied(words: Words) -> None:
    """``cp``: of a file of ours."""
    require((ROOT / words[0]).is_file(), f"there is no {words[0]}")


def exported(words: Words) -> None:
    """``export``: settings."""
    for word in words:
        variable(word.partition("=")[0])


def evaluated(words: Words) -> None:
    """``eval``: of what a command prints."""
    for inner in re.findall(r"\$\(([^)]*)\)", " ".join(words)):
        check(inner)


def free(_words: Words) -> None:
    """A tool of the shell, whose words are nobody's promise."""


CHECKED: dict[str, Callable[[Words], None]] = {
    ".": source,
    "cd": folder,
    "cp": copied,
    "curl": free,  # those of the tutorial and of http.md are run
    "echo": free,
    "eval": evaluated,
    "export": exported,
    "grep": free,
    "make": make,
    "python": python,
    "sleep": free,
    "tweet-sentiment": stream,
}

# Looked at as far as it can be, and not run, because …
NOT_RUN: dict[str, tuple[str, Callable[[Words], None]]] = {
    "docker": ("it needs Docker; tests/deploy reads what it is given", docker),
    "helm": ("it needs a cluster; tests/deploy renders the chart by the same words", helm),
    "kafka-acls.sh": (
        "it comes with Kafka; tests/broker gives and takes the same rights",
        free,
    ),
    "kcat": ("it is another's client; tests/broker publishes by four others", free),
    "kubectl": ("it needs a cluster", free),
    "mvn": ("it fetches packages; tests/broker runs the example", maven),
    "node": ("it needs the packages that npm fetches; tests/broker runs the example", free),
    "npm": ("it fetches packages; tests/broker runs the example", free),
    "pip": ("it fetches packages", pip),
}

SETTINGS = {flags.variable(name) for name in Settings.model_fields}
OTHERS_VARIABLES = ("OTEL_",)  # of the libraries that read them


def variable(name: str) -> None:
    """What is set before a command is a setting."""
    require(name in SETTINGS or name.startswith(OTHERS_VARIABLES), f"{name} is no setting")


def check(line: str) -> None:
    """Hold each command of a shell's line to what stands above. Raises ``WrongCommandError``."""
    for words in simple(line):
        program, rest = words[0], words[1:]
        if program in CHECKED:
            CHECKED[program](rest)
        else:
            require(program in NOT_RUN, f"{program}: of no known kind; give it one in {Path(__file__).name}")
            NOT_RUN[program][1](rest)


def simple(line: str) -> list[list[str]]:
    """The commands of a line between ``|``, ``&&`` and ``;``, without settings before and files after."""
    reader = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    reader.whitespace_split, reader.commenters = True, "#"
    found: list[list[str]] = [[]]
    words = iter(reader)
    for word in words:
        if set(word) <= set("|&;"):
            found.append([])
        elif set(word) <= set("<>"):
            next(words)
        elif not found[-1] and re.fullmatch(r"[A-Z_]+=.*", word):
            variable(word.partition("=")[0])
        else:
            found[-1].append(word)
    return [words for words in found if words]
