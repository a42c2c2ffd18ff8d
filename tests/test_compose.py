"""What the container files promise, checked without Docker; and by Compose where it is there.

What a container may do and who reaches it is in `test_compose_lint.py`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.settings import known_names, load_settings
from recipe.fetch.pins import ADAPTER, BASE
from tests.compose_files import CPU, GPU, ROOT, merge, parse, stack
from tests.environment_example import environment_example

VARIABLE = re.compile(r"\$\{(\w+)")


def services() -> Iterator[Any]:
    for names in (GPU, CPU):
        kind = "cpu" if names is CPU else "gpu"
        for name, service in stack(names)["services"].items():
            yield pytest.param({"name": name, **service}, id=f"{kind}-{name}")


every_service = pytest.mark.parametrize("service", list(services()))


def test_files_are_laid_over_each_other_as_compose_does() -> None:
    below = {
        "a": {"command": ["x"], "tmpfs": ["/var/a"], "environment": {"A": "1", "B": "2"}},
        "b": {"deploy": {"gpu": 1}, "shm_size": "1g", "networks": ["in", "out"]},
    }
    above = parse(
        "a: {command: [y], tmpfs: [/run], environment: {B: '3', C: '4'}}\n"
        "b: {deploy: !override {limits: 2}, shm_size: !reset null, networks: !override [in]}\n"
    )

    merged = merge(below, above)

    assert merged == {
        "a": {
            "command": ["y"],
            "tmpfs": ["/var/a", "/run"],
            "environment": {"A": "1", "B": "3", "C": "4"},
        },
        "b": {"deploy": {"limits": 2}, "networks": ["in"]},
    }


@every_service
def test_bot_settings_in_the_environment_exist(service: dict[str, Any]) -> None:
    ours = {key for key in service.get("environment", {}) if key.startswith("BOT_")}

    assert ours <= set(known_names())
    assert bool(ours) == (service["name"] == "bot")


@pytest.mark.parametrize("names", [GPU, CPU])
def test_every_variable_is_explained_in_the_example(names: tuple[str, ...]) -> None:
    project = stack(names)
    used = set(VARIABLE.findall(json.dumps(project)))
    for service in project["services"].values():
        used |= {key for key, value in service.get("environment", {}).items() if value is None}

    assert used <= set(environment_example())
    assert used >= {"DISCORD_TOKEN", "REDIS_PASSWORD", "TGI_API_KEY"}


def test_defaults_in_the_files_are_those_of_the_example() -> None:
    text = "".join((ROOT / name).read_text() for name in CPU)
    defaults = dict(re.findall(r"\$\{(\w+):-([^}$]*)\}", text))
    shown = environment_example()

    # A CPU is slower, so there these two are another default.
    slower = {name for name in defaults if name.startswith("BOT_TGI__")}
    assert {name: shown[name] for name in defaults if name not in slower} == {
        name: value for name, value in defaults.items() if name not in slower
    }
    assert all(float(defaults[name]) > float(shown[name]) for name in slower)


def test_the_bot_waits_for_redis_and_not_for_the_model() -> None:
    for names in (GPU, CPU):
        depends = stack(names)["services"]["bot"]["depends_on"]

        assert depends == {"redis": {"condition": "service_healthy"}}


def redis_flags() -> dict[str, str]:
    """What Redis is started with; values of several words have blanks between them."""
    flags: dict[str, str] = {}
    name = ""
    for word in stack(GPU)["services"]["redis"]["command"][1:]:
        if word.startswith("--"):
            name, flags[word] = word, ""
        else:
            flags[name] = f"{flags[name]} {word}".strip()
    return flags


def test_s24_the_bot_has_a_redis_user_that_may_touch_its_own_keys_alone() -> None:
    name, *rules = redis_flags()["--user"].split()
    url = stack(GPU)["services"]["bot"]["environment"]["BOT_REDIS__URL"]

    assert url.startswith(f"redis://{name}:${{REDIS_PASSWORD")
    keys = [rule for rule in rules if rule.startswith("~")]
    assert keys == ["~rp:*"]
    assert rules.index("+@all") < rules.index("-@dangerous") < rules.index("+info")
    assert "-@admin" in rules


def test_redis_keeps_what_it_was_told_and_lets_nobody_in_without_a_password() -> None:
    flags = redis_flags()

    assert flags["--appendonly"] == "yes"
    assert flags["--maxmemory-policy"] == "noeviction"
    assert "--maxmemory" in flags
    assert flags["--requirepass"].startswith("${REDIS_PASSWORD:?")
    assert stack(GPU)["services"]["redis"]["networks"] == ["inside"]
    assert stack(GPU)["networks"]["inside"] == {"internal": True}


def test_a_stop_leaves_time_to_finish_replies() -> None:
    grace = stack(GPU)["services"]["bot"]["stop_grace_period"]

    assert int(grace.removesuffix("s")) > load_settings().turns.drain_s + 10


def test_without_a_card_our_server_takes_the_place_of_the_model() -> None:
    tgi = stack(CPU)["services"]["tgi"]
    bot = stack(CPU)["services"]["bot"]

    assert tgi["command"][0] == "tgi"
    assert "--model" in tgi["command"]
    assert "nvidia" not in json.dumps(tgi)
    assert tgi["volumes"] == ["./models:/models:ro"]
    assert not {"environment", "shm_size"} & set(tgi)
    port = tgi["command"][tgi["command"].index("--port") + 1]
    assert bot["environment"]["BOT_TGI__URLS"] == f"http://tgi:{port}"


def test_a_model_is_merged_only_when_it_is_asked_for() -> None:
    merge = stack(GPU)["services"]["merge"]
    command = [re.sub(r"\$\{\w+:-(.*)\}", r"\1", word) for word in merge["command"]]
    options = dict(zip(command[1::2], command[2::2], strict=True))

    assert merge["profiles"] == ["merge"]
    assert command[0] == "build"
    assert options == {
        "--models": "/models", "--base": str(BASE), "--adapter": str(ADAPTER), "--scale": "1.0",
    }  # fmt: skip
    assert merge["networks"] == ["outside"]
    assert "models:/models" in merge["volumes"]
    assert all("merge" not in service.get("depends_on", {}) for service in others(merge))


def others(service: Any) -> list[Any]:
    return [each for each in stack(GPU)["services"].values() if each != service]


def test_what_was_merged_is_handed_to_the_model_server() -> None:
    tgi = stack(GPU)["services"]["tgi"]

    assert tgi["environment"]["MODEL_ID"] == ("${ZEPHRP_MODEL:-${MODEL_ID:-royallab/ZephRP-m7b}}")
    assert "models:/models:ro" in tgi["volumes"]
    assert environment_example()["ZEPHRP_MODEL"] == "/models/merged"


def test_s30_each_image_checks_what_it_installs() -> None:
    text = (ROOT / "Dockerfile").read_text()
    build, merge, bot = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]

    assert {part.split()[0] for part in (build, merge, bot)} == {"python:3.11-slim"}
    assert merge.startswith("python:3.11-slim AS merge\n")
    for part in (build, merge):
        assert "--require-hashes" in part
        assert "--only-binary :all:" in part
    assert 'ENTRYPOINT ["python", "-m", "bot"]' in bot
    assert re.findall(r"^CMD (.*)$", bot, re.MULTILINE) == ['["run"]']
    assert 'ENTRYPOINT ["python", "-m", "recipe"]' in merge


def test_the_image_that_merges_has_what_it_imports(tmp_path: Path) -> None:
    """Its files by themselves, in a Python with numpy alone: it builds, and nothing is missing."""
    text = (ROOT / "Dockerfile").read_text()
    for source in re.findall(r"^COPY (recipe\S*(?: recipe\S*)*) \S+$", text, re.MULTILINE):
        for path in source.split():
            target = tmp_path / path
            target.parent.mkdir(exist_ok=True)
            copy = shutil.copytree if (ROOT / path).is_dir() else shutil.copy
            copy(ROOT / path, target)
    probe = (
        "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]\n"
        f"sys.path[:0] = [{str(tmp_path)!r}, {str(tmp_path / 'site')!r}]\n"
        "from recipe.__main__ import main; sys.exit(main(['build', '--hub', 'http://x']))"
    )
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "numpy").symlink_to(Path(np.__file__).parent)
    (tmp_path / "site" / "numpy.libs").symlink_to(Path(np.__file__).parent.parent / "numpy.libs")

    run = subprocess.run(
        [sys.executable, "-I", "-c", probe], check=False, capture_output=True, text=True
    )

    assert (run.returncode, run.stderr) == (2, "http://x is no https address.\n")


def test_what_is_locked_for_the_image_that_merges_is_what_tests_run_with() -> None:
    lock = (ROOT / "requirements" / "merge.lock").read_text()

    assert re.findall(r"^(\S+)==(\S+)", lock, re.MULTILINE) == [("numpy", np.__version__)]


@pytest.mark.parametrize("name", ["run", "dev", "merge", "recipe"])
def test_s30_all_that_is_locked_is_one_version_known_by_its_hash(name: str) -> None:
    lock = (ROOT / "requirements" / f"{name}.lock").read_text().replace("\\\n", "")

    for line in lock.splitlines():
        assert re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


def test_what_the_image_copies_is_let_through_to_it() -> None:
    allowed = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    text = (ROOT / "Dockerfile").read_text()
    copies = re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)
    copied = [source for line in copies for source in line.split()[:-1]]

    assert sorted(copied) == sorted(allowed)
    assert all((ROOT / source).exists() for source in copied)


def _compose_is_there() -> bool:
    if not shutil.which("docker"):
        return False
    asked = subprocess.run(["docker", "compose", "version"], check=False, capture_output=True)
    return asked.returncode == 0


@pytest.mark.skipif(not _compose_is_there(), reason="docker compose is not installed")
@pytest.mark.parametrize("names", [GPU, CPU])
def test_compose_itself_accepts_the_files(names: tuple[str, ...]) -> None:
    files = [part for name in names for part in ("-f", name)]
    needed = {
        "DISCORD_TOKEN": "x",
        "REDIS_PASSWORD": "x",
        "TGI_API_KEY": "x",
        "GGUF_FILE": "x.gguf",
    }

    checked = subprocess.run(
        ["docker", "compose", *files, "config", "--quiet"],
        check=False, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **needed},
    )  # fmt: skip

    assert checked.returncode == 0, checked.stderr
