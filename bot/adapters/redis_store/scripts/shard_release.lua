#!lua flags=allow-oom
-- Gives a shard back.
-- KEYS: the shard        ARGV: owner
-- Returns 1, or 0 if they do not have it.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
