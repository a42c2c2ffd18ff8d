from pathlib import Path

import pytest

from bot.core.errors import StartupError
from bot.settings import known_names, load_settings, redis_url_of, secrets_in


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
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)

    settings = load_settings()

    assert "canary" not in f"{settings} {settings!r}"
    assert set(secrets_in(settings)) >= {
        *("canary-token", "canary-key", "canary-model"),
        *("canary-redis!", "canary-redis%21", "canary-sentinel"),
    }
