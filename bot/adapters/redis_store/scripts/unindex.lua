#!lua flags=allow-oom
-- Takes a channel off a user's index, if it was put there long ago and not
-- again since: behind a young entry, a line may be about to be stored.
-- KEYS: the index        ARGV: channel id, the entry seen before the channel
--       was looked at, the youngest age in ms
-- Returns 1 if the index does not name the channel now.
local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if not entry then return 1 end
if entry ~= ARGV[2] or now_ms - tonumber(entry) < tonumber(ARGV[3]) then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
