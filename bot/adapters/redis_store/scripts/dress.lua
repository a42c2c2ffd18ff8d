#!lua
-- Keeps the personas of a user, made from those of a version.
-- KEYS: where they are        ARGV: version, name of the change, personas, chosen (JSON)
-- Returns 1, or 0 if they have changed since.
local kept = redis.call('HMGET', KEYS[1], 'ver', 'write')
if kept[2] == ARGV[2] then return 1 end
if (kept[1] or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'personas', ARGV[3], 'chosen', ARGV[4], 'write', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'ver', 1)
return 1
