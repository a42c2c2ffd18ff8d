#!lua flags=no-writes
-- Looks how many sessions began and ended soon, and when the last one did.
-- KEYS: the count
-- Returns {starts, ms since the last}, or {0, 0}.
local starts, last_ms = unpack(redis.call('HMGET', KEYS[1], 'starts', 'last_ms'))
if not starts then return {0, 0} end
local now = redis.call('TIME')
return {tonumber(starts), now[1] * 1000 + math.floor(now[2] / 1000) - tonumber(last_ms)}
