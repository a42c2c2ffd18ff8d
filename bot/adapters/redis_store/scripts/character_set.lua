#!lua flags=allow-oom
-- Changes one field of a character, which has another version then.
-- KEYS: the character   ARGV: field, value, expiry in ms, or '' to leave that
-- Returns 1, or 0 where there is none.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[1], 'ver', 1)
if ARGV[3] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1
