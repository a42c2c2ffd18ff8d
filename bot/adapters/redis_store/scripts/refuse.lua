#!lua flags=allow-oom
-- Notes that somebody is not to be stored, or takes that back; there is another version then.
-- KEYS: who is not to be stored   ARGV: field, since when (Unix ms) or '' to take it back
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
end
return redis.call('HINCRBY', KEYS[1], 'ver', 1)
