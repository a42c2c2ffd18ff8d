#!lua flags=allow-oom
-- Names the process that may save a shard's place in the gateway's stream.
-- KEYS: the place        ARGV: owner, for_ms
-- Returns {id, seq, url} of where the last process was; each may be missing.
local place = redis.call('HMGET', KEYS[1], 'id', 'seq', 'url')
redis.call('HSET', KEYS[1], 'owner', ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return place
