#!lua flags=allow-oom
-- Takes a channel off the list of live ones, if nobody has put it there anew.
-- KEYS: rp:live        ARGV: channel id, the token seen before the scene ended
-- Returns 1 if it was taken off.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
