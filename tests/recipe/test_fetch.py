import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from recipe.fetch import download
from recipe.fetch.download import fetch_adapter, fetch_base
from recipe.fetch.errors import CannotFetch, WrongRequest
from recipe.fetch.hub import HUB, Hub
from recipe.fetch.pins import ADAPTER, BASE
from tests.recipe.hub_server import COMMIT, ScriptedHub, serving

WEIGHTS = bytes(range(256)) * 9000  # more than two chunks
MODEL = {
    "config.json": b"{}",
    "tokenizer.model": b"pieces",
    "model.safetensors": WEIGHTS,
    "README.md": b"# card",
    "pytorch_model.bin": b"not wanted",
    "trainer_state.json": b"{}",
    "more/model.safetensors": b"not wanted either",
}


@pytest.fixture
def hub() -> Iterator[ScriptedHub]:
    with serving(ScriptedHub(files={"some/base": dict(MODEL)})) as hub:
        yield hub


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE_S", 0.0)


def fetched(hub: ScriptedHub, to: Path, repository: str = "some/base") -> list[str]:
    """Fetch; return what was said."""
    said: list[str] = []
    fetch_base(Hub(hub.url, silence_s=5), repository, COMMIT, to, said.append)
    return said


def refused(hub: ScriptedHub, to: Path, repository: str = "some/base") -> str:
    with pytest.raises(CannotFetch) as error:
        fetched(hub, to, repository)
    assert str(error.value).endswith(".")
    return str(error.value)


def test_weights_configuration_and_tokenizer_arrive_and_nothing_else(
    hub: ScriptedHub, tmp_path: Path
) -> None:
    said = fetched(hub, tmp_path)

    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    source = json.loads(found.pop("source.json"))
    assert found == {name: MODEL[name] for name in list(MODEL)[:3]}
    assert source["repository"], source["revision"] == ("some/base", COMMIT)
    assert source["files"]["model.safetensors"] == {
        "size": len(WEIGHTS),
        "sha256": hashlib.sha256(WEIGHTS).hexdigest(),
    }
    assert said[-1] == "some/base: model.safetensors, 2 MB"
    assert all(COMMIT in path for path, _ in hub.asked if not path.startswith("/cdn"))


def test_what_is_there_already_is_not_fetched_again(hub: ScriptedHub, tmp_path: Path) -> None:
    fetched(hub, tmp_path)
    hub.asked.clear()

    assert fetched(hub, tmp_path) == []

    assert len(hub.asked) == 1  # the list


def test_a_file_that_was_changed_since_is_fetched_again(hub: ScriptedHub, tmp_path: Path) -> None:
    fetched(hub, tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"x" * len(WEIGHTS))

    fetched(hub, tmp_path)

    assert (tmp_path / "model.safetensors").read_bytes() == WEIGHTS


def test_a_download_that_breaks_off_goes_on_where_it_was(hub: ScriptedHub, tmp_path: Path) -> None:
    hub.cut_after = [1000_000, 500_000, 0, 300_000]  # of the small files nothing is cut off
    hub.files["some/base"] = {"model.safetensors": WEIGHTS}

    fetched(hub, tmp_path)

    assert (tmp_path / "model.safetensors").read_bytes() == WEIGHTS
    ranges = [wanted for path, wanted in hub.asked if path.startswith("/cdn")]
    assert ranges[0] is None
    assert [int(wanted[6:-1]) for wanted in ranges[1:] if wanted] == sorted(
        int(wanted[6:-1]) for wanted in ranges[1:] if wanted
    )
    assert ranges[-1] == "bytes=1800000-"


def test_a_download_goes_on_in_the_next_process(hub: ScriptedHub, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.part").write_bytes(WEIGHTS[:700_000])

    fetched(hub, tmp_path)

    assert ("/cdn/some/base/model.safetensors", "bytes=700000-") in hub.asked
    assert (tmp_path / "model.safetensors").read_bytes() == WEIGHTS


def test_a_hub_that_knows_no_ranges_is_read_from_the_beginning(
    hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.ignores_ranges = True
    (tmp_path / "model.safetensors.part").write_bytes(b"x" * 700_000)

    fetched(hub, tmp_path)

    assert (tmp_path / "model.safetensors").read_bytes() == WEIGHTS
    assert [path for path, _ in hub.asked].count("/cdn/some/base/model.safetensors") == 1


def test_a_beginning_that_is_longer_than_the_file_is_thrown_away(
    hub: ScriptedHub, tmp_path: Path
) -> None:
    (tmp_path / "model.safetensors.part").write_bytes(WEIGHTS + b"x")

    fetched(hub, tmp_path)

    assert ("/cdn/some/base/model.safetensors", None) in hub.asked
    assert (tmp_path / "model.safetensors").read_bytes() == WEIGHTS


def test_a_line_that_breaks_often_is_borne_while_it_gets_further(
    hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.files["some/base"] = {"model.safetensors": WEIGHTS}
    hub.cut_after = [200_000] * 20

    fetched(hub, tmp_path)

    assert (tmp_path / "model.safetensors").read_bytes() == WEIGHTS
    assert len(hub.asked) > 2 * download.TRIES


def test_a_busy_hub_is_asked_again(hub: ScriptedHub, tmp_path: Path) -> None:
    hub.busy = download.TRIES - 1

    fetched(hub, tmp_path)

    assert (tmp_path / "model.safetensors").read_bytes() == WEIGHTS


def test_a_hub_that_stays_busy_is_given_up(hub: ScriptedHub, tmp_path: Path) -> None:
    hub.busy = 1000

    assert refused(hub, tmp_path) == (
        "The hub cannot be asked for some/base: the hub answered 503."
    )
    assert len(hub.asked) == download.TRIES


def test_a_download_that_never_gets_further_is_given_up(hub: ScriptedHub, tmp_path: Path) -> None:
    hub.files["some/base"] = {"model.safetensors": WEIGHTS}
    hub.cut_after = [1000] + [0] * 100

    assert refused(hub, tmp_path).startswith("model.safetensors of some/base broke off too often: ")
    assert len(hub.asked) < 30


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_other_bytes_than_the_hash_was_taken_of_are_not_kept(
    hub: ScriptedHub, tmp_path: Path, name: str
) -> None:
    hub.sends[name] = b"!" + MODEL[name][1:]

    assert refused(hub, tmp_path) == (
        f"{name} of some/base is not what the hub's hash was taken of."
    )
    assert not list(tmp_path.glob(f"{name}*"))


def test_more_bytes_than_were_listed_are_not_taken(hub: ScriptedHub, tmp_path: Path) -> None:
    hub.sends["model.safetensors"] = WEIGHTS + b"x" * 10_000_000

    assert "is longer than the hub lists it" in refused(hub, tmp_path)

    assert (tmp_path / "model.safetensors.part").stat().st_size <= len(WEIGHTS)


def test_a_file_that_does_not_fit_on_the_disk_is_not_begun(
    hub: ScriptedHub, tmp_path: Path
) -> None:
    listed = [{"type": "file", "path": "model.safetensors", "size": 10**11, "oid": "x"}]
    hub.listing = json.dumps(listed * 1).encode()
    assert "GB left on its disk and needs 100.0" in refused(hub, tmp_path)

    hub.listing = json.dumps([{**listed[0], "size": 10**12}]).encode()
    assert refused(hub, tmp_path) == "1000 GB is more than any model this is for."

    assert not any(path.startswith("/cdn") for path, _ in hub.asked)


@pytest.mark.parametrize(
    "path", ["../evil.json", "/etc/evil.json", "a/../../evil.json", "", "a\\evil.json", "a\nb.json"]
)
def test_a_list_with_a_path_that_leads_elsewhere_is_refused(
    hub: ScriptedHub, tmp_path: Path, path: str
) -> None:
    hub.listing = json.dumps([{"type": "file", "path": path, "size": 1, "oid": "x"}]).encode()

    assert refused(hub, tmp_path / "to") == "The hub's list of some/base cannot be read."
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize(
    "listing", [b"", b"{}", b"[1]", b"[" * 100_000, b'[{"type": "file", "path": "a", "size": "1"}]']
)
def test_a_list_that_is_none_is_refused(hub: ScriptedHub, tmp_path: Path, listing: bytes) -> None:
    hub.listing = listing

    assert "some/base" in refused(hub, tmp_path)


def test_an_endless_list_is_refused(hub: ScriptedHub, tmp_path: Path) -> None:
    hub.listing = b" " * 10_000_000

    assert refused(hub, tmp_path) == "some/base holds more files than a model should."


def test_a_repository_without_weights_or_without_the_commit(
    hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.files["some/text"] = {"config.json": b"{}"}

    assert refused(hub, tmp_path, "some/text") == (f"some/text at {COMMIT} holds no .safetensors.")
    assert refused(hub, tmp_path, "some/where").startswith("The hub answered 404 to ")


@pytest.mark.parametrize("to", ["http://example.invalid/cdn", "ftp://127.0.0.1/cdn"])
def test_a_redirect_away_from_https_is_not_followed(
    hub: ScriptedHub, tmp_path: Path, to: str
) -> None:
    hub.redirects_to = to

    assert "leads away from https" in refused(hub, tmp_path)


def test_a_redirect_to_a_file_of_this_machine_is_not_followed(
    hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.redirects_to = "file:///etc"

    assert refused(hub, tmp_path).startswith("The hub answered 302 to ")


def test_a_hub_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(CannotFetch) as error:
        hub = Hub(f"http://127.0.0.1:{silent.getsockname()[1]}", silence_s=0.05)
        fetch_base(hub, "some/base", COMMIT, tmp_path, lambda _: None)

    assert str(error.value) == "The hub cannot be asked for some/base: timed out."


def test_redirects_without_end_are_given_up(hub: ScriptedHub, tmp_path: Path) -> None:
    hub.redirects_to = f"{hub.url}/some/base/resolve/{COMMIT}"

    assert "302" in refused(hub, tmp_path)


@pytest.mark.parametrize(
    "url",
    ["http://huggingface.co", "http://10.0.0.1", "ftp://127.0.0.1", "huggingface.co", "https://"],
)
def test_a_hub_in_the_clear_is_not_asked(url: str) -> None:
    with pytest.raises(WrongRequest, match="is no https address"):
        Hub(url)


@pytest.mark.parametrize("revision", ["main", "2ce2d02", "2CE2" * 10, "0" * 41, ""])
def test_a_branch_or_half_a_commit_is_refused(revision: str) -> None:
    with pytest.raises(WrongRequest, match="a branch could move"):
        Hub(HUB).files("some/base", revision)


@pytest.mark.parametrize("repository", ["base", "a/b/c", "../x", "a/..", "a b/c", "a/b?c", "é/b"])
def test_a_name_that_is_no_repository_is_refused(repository: str) -> None:
    with pytest.raises(WrongRequest, match="is no repository"):
        Hub(HUB).files(repository, COMMIT)


def test_an_adapter_is_found_in_whatever_folder_it_lies(hub: ScriptedHub, tmp_path: Path) -> None:
    hub.files["some/lora"] = {
        "README.md": b"# card",
        "LoRA Adapter/adapter_config.json": b"{}",
        "LoRA Adapter/adapter_model.bin": b"pickle",
        "LoRA Adapter/training_args.bin": b"not wanted",
        "model.safetensors": b"not wanted",
    }

    fetch_adapter(Hub(hub.url), "some/lora", COMMIT, tmp_path, lambda _: None)

    assert {path.name for path in tmp_path.iterdir()} == {
        "adapter_config.json", "adapter_model.bin", "source.json",
    }  # fmt: skip


@pytest.mark.parametrize(("folders", "count"), [((), 0), (("a/", "b/"), 2)])
def test_no_adapter_or_a_choice_of_adapters_is_refused(
    hub: ScriptedHub, tmp_path: Path, folders: tuple[str, ...], count: int
) -> None:
    hub.files["some/lora"] = {f"{folder}adapter_config.json": b"{}" for folder in folders}

    with pytest.raises(CannotFetch, match=f"holds {count} adapters, not one"):
        fetch_adapter(Hub(hub.url), "some/lora", COMMIT, tmp_path, lambda _: None)


def test_both_pins_are_whole_commits() -> None:
    for pin in (BASE, ADAPTER):
        with pytest.raises(CannotFetch, match="404"), serving(ScriptedHub()) as hub:
            Hub(hub.url).files(pin.repository, pin.revision)
