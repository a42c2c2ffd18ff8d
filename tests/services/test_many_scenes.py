"""Many scenes at once, told apart."""

from bot.core.scene import ChannelId, GuildId, Place
from tests.services.stage import open_stage

SCENES = 50


def place(number: int) -> Place:
    """Some are threads of one channel, some are channels of their own."""
    channel = ChannelId(50_000 + number)
    return Place(channel, GuildId(1), ChannelId(700) if number % 2 else channel)


async def test_row_08_no_scene_hears_what_is_said_in_another() -> None:
    async with open_stage() as stage:
        for number in range(SCENES):
            await stage.begin(place(number))
            stage.tgi.reply = lambda _, number=number: f" Heard of pearl {number}."  # type: ignore[misc]
            await stage.say(f"I hide coin {number}.", place=place(number))
            await stage.quiet(place(number))
        for number in range(SCENES):
            await stage.say("Where is it?", place=place(number))
            await stage.quiet(place(number))

        prompts = [asked.prompt for asked in stage.tgi.asked[SCENES:]]
        assert len(prompts) == SCENES
        for number, prompt in enumerate(prompts):
            assert prompt.count("coin ") == prompt.count(f"coin {number}.") == 1
            assert prompt.count("pearl ") == prompt.count(f"pearl {number}.") == 1
            names = [name for name, _ in await stage.memory(place(number))]
            assert names == ["Mara", "Mira", "Mara", "Mira"]
