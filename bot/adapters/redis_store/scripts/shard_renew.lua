#!lua
-- Keeps a shard for the owner who has it.
-- KEYS: the shard        ARGV: owner, for_ms
-- Returns 1, or 0 if they do not have it any more.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
