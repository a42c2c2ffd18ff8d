#!lua flags=allow-oom
-- Notes a shard's place in the gateway's stream.
-- KEYS: the place        ARGV: owner, for_ms, id, seq, url
-- Returns 1, or 0 if another process may save now.
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'id', ARGV[3], 'seq', ARGV[4], 'url', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
