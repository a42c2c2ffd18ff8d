#!lua
-- Writes into a user's index that a channel may hold something of theirs.
-- KEYS: the index        ARGV: channel id
local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
return redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now_ms))
