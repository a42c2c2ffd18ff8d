#!lua
-- Has a channel's lorebooks kept for another while: as long as its story is.
-- KEYS: the books, the channel's meta        ARGV: the usual time in ms
local life = redis.call('HGET', KEYS[2], 'keep_ms') or ARGV[1]
return redis.call('PEXPIRE', KEYS[1], life)
