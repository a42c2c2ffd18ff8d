#!lua flags=allow-oom
-- Drops a key, unless another has taken its place.
-- KEYS: rp:sealing        ARGV: scope, the key as it is wrapped
-- Returns 1 if it was dropped.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
