#!lua flags=allow-oom
-- Counts a session that is about to begin.
-- KEYS: the count        ARGV: for_ms
local now = redis.call('TIME')
redis.call('HINCRBY', KEYS[1], 'starts', 1)
redis.call('HSET', KEYS[1], 'last_ms', now[1] .. string.format('%03d', math.floor(now[2] / 1000)))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
