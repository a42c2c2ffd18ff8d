#!lua flags=allow-oom
-- Wraps a key anew, unless it was dropped or wrapped by another meanwhile.
-- KEYS: rp:sealing        ARGV: scope, the key as it was wrapped, as it is now
-- Returns 1 if it was done.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
