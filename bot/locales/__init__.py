"""What the bot says, in other languages; see `bot.adapters.word_files`."""
