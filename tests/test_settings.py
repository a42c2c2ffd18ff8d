from pathlib import Path

import pytest

from bot.core.errors import StartupError
from bot.settings import PLAIN_NAMES, known_names, load_settings, redis_url_of, secrets_in


@pytest.fixture(autouse=True)
def _empty_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [*known_names(), "DISCORD_TOKEN", "REDIS_URL", "TGI_URL"]:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("BOT_DISCORD__TOKE", "BOT_DISCORD__TOKEN"),
        ("BOT_TGI__URL", "BOT_TGI__URLS"),
        ("BOT_CHARACTER", "BOT_CHARACTERS"),
    ],
)
def test_a_misspelt_name_stops_the_start_with_the_nearest_right_one(
    misspelt: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(misspelt, "x")

    with pytest.raises(StartupError, match=f"{misspelt} is not a setting; did you mean {meant}"):
        load_settings()


def test_a_misspelt_name_in_the_env_file_is_found_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BOT_REDIS__URI=redis://x\n")

    with pytest.raises(StartupError, match="BOT_REDIS__URL"):
        load_settings()


def test_a_wrong_value_is_named_and_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_HTTP__PORT", "hunter2")

    with pytest.raises(StartupError) as caught:
        load_settings()

    assert "BOT_HTTP__PORT" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.exit_code == 78


def test_the_three_plain_names_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.setenv("REDIS_URL", "redis://there")
    monkeypatch.setenv("TGI_URL", "http://model/")

    settings = load_settings()

    assert settings.discord.token is not None
    assert settings.discord.token.get_secret_value() == "secret"
    assert redis_url_of(settings) == "redis://there"
    assert settings.tgi.urls == ("http://model",)


def test_the_full_name_beats_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://plain")
    monkeypatch.setenv("BOT_REDIS__URL", "redis://full")

    assert redis_url_of(load_settings()) == "redis://full"


def test_several_model_servers_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TGI__URLS", "http://a:80/, http://b:80")

    assert load_settings().tgi.urls == ("http://a:80", "http://b:80")


def test_the_token_is_not_printed_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_DISCORD__TOKEN", "hunter2")

    assert "hunter2" not in repr(load_settings())


def test_s23_no_secret_shows_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "BOT_DISCORD__TOKEN": "canary-token",
        "BOT_REDIS__URL": "redis://bot:canary-redis%21@there?sentinel_password=canary-sentinel",
        "BOT_TGI__API_KEY": "canary-key",
        "BOT_TGI__URLS": "http://me:canary-model@there",
        "BOT_FILTER__URL": "http://me:canary-filter@there",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)

    settings = load_settings()

    assert "canary" not in f"{settings} {settings!r}"
    assert set(secrets_in(settings)) >= {
        *("canary-token", "canary-key", "canary-model", "canary-filter"),
        *("canary-redis!", "canary-redis%21", "canary-sentinel"),
    }


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("TGI_URL", ["localhost:8080", "5", "http://", "http://[::", "http://a b", ",", "ftp://a"]),
        ("BOT_TGI__URLS", ["http://a,b:80", "http://a:99999"]),
        ("BOT_DISCORD__API_URL", ["discord.com/api/v10", "http://[", "http://me:key@proxy"]),
        ("BOT_DISCORD__GATEWAY_URL", ["https://gateway", "ws://["]),
        ("BOT_FILTER__URL", ["filter:9000"]),
        ("BOT_HTTP__PUBLIC_URL", ["bot.example.org"]),
        ("BOT_DISCORD__TOKEN", ["ab\ncd", "Bot abcd"]),
        ("BOT_TGI__API_KEY", ["ab\ncd"]),
        ("BOT_DISCORD__ASSET_CHANNEL", ["0", "-1", str(2**63)]),
        ("BOT_DISCORD__REPORT_CHANNEL", ["0"]),
        ("BOT_TURNS__LEASE_S", ["inf", "1e300", "nan"]),
        ("BOT_TURNS__MERGE_PAUSE_S", ["inf"]),
        ("BOT_TURNS__HISTORY_DAYS", ["99999999999999999999"]),
        ("BOT_TURNS__HISTORY_KEEP", ["99999999999999999999"]),
        ("BOT_PROMPT__CONTEXT_TOKENS", ["99999999999999999999"]),
        ("BOT_LOG_LEVEL", ["chatty", "5"]),
    ],
)
def test_what_could_not_work_stops_the_start_by_its_name(
    name: str, values: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in values:
        monkeypatch.setenv(name, value)

        with pytest.raises(StartupError) as caught:
            load_settings()

        full = PLAIN_NAMES.get(name, name)
        assert str(caught.value).startswith(f"{full} cannot be used: Input should "), value
        assert caught.value.exit_code == 78


def test_an_address_of_redis_that_is_none_is_left_to_the_adapter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOT_REDIS__URL", "redis://[::")

    assert list(secrets_in(load_settings())) == ["redis://[::"]


@pytest.mark.parametrize(
    "data", ["DISCORD_TOKEN=x\n".encode("utf-16"), b"# Schl\xfcssel\nDISCORD_TOKEN=x\n"]
)
def test_an_env_file_that_is_not_utf_8_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / ".env").write_bytes(data)

    with pytest.raises(StartupError, match=r"^\.env cannot be read: it is not saved as UTF-8\.$"):
        load_settings()


def test_an_env_file_that_may_not_be_read_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKEN=x\n")

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bot.settings.dotenv_values", refuse)  # root may read everything

    with pytest.raises(StartupError, match=r"^\.env cannot be read: Permission denied\.$"):
        load_settings()


def test_levels_may_be_written_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_LOG_LEVEL", " debug ")

    assert load_settings().log_level == "DEBUG"
