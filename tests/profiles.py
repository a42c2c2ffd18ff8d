"""The profiles that come with the bot, for tests that need one."""

from bot.adapters.profile_files import load_profile

ZEPHRP = load_profile("zephrp")
EARLY = load_profile("limarp-v3-early")
ALPACA = load_profile("alpaca")
CHATML = load_profile("chatml")
LENGTHS = [step.name for step in ZEPHRP.lengths.choices]
