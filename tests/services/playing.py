"""Several characters on a stage, and what members do there."""

from dataclasses import replace

from bot.core.change import Change
from bot.core.characters import Character
from bot.core.scene import CharacterKey, MessageId, ReplyMode, Role, SceneHead
from tests.fakes.scripted_tgi import stories
from tests.services.stage import HARBOUR, Stage

CHANNEL = HARBOUR.channel
DOV = Character(key=CharacterKey("dov"), name="Dov", persona="Dov mends clocks.")
IDA = Character(key=CharacterKey("ida"), name="Ida", persona="Ida keeps the peace.")


async def change(stage: Stage, **fields: object) -> SceneHead:
    """Set fields of the scene's head, as a command does."""
    head = await stage.store.head(CHANNEL)
    assert head is not None
    changed = replace(head, **fields)  # type: ignore[arg-type]  # its fields
    assert await stage.store.apply(CHANNEL, Change(head=changed), version=head.version)
    return changed


async def gather(stage: Stage, *others: Character, banter: int = 0) -> None:
    """Have *others* play beside Mira; nobody says the same twice."""
    stage.characters.loaded.update({who.key: who for who in others})
    await change(stage, cast=tuple(who.key for who in others), banter=banter)
    stage.tgi.reply = stories(12)


async def in_mode(stage: Stage, mode: ReplyMode) -> None:
    await change(stage, reply_mode=mode)


async def spoken(stage: Stage) -> list[str]:
    """Who has said the turns of the story."""
    return [name for name, _ in await stage.memory()]


def faces(stage: Stage) -> list[str]:
    """Under whose names the messages stand on the screen."""
    return [shown.author for shown in stage.voice.on_screen(CHANNEL)]


async def last_message(stage: Stage) -> MessageId:
    return (await stage.last_turn()).messages[-1]


async def replies(stage: Stage) -> list[str]:
    scene = await stage.store.read(CHANNEL)
    assert scene is not None
    return [turn.name for turn in scene.turns if turn.role is Role.CHARACTER]
