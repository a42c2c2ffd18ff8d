#!lua
-- Lends the channel to one owner for a while, by this server's clock.
-- ARGV: owner, for_ms
-- Returns the fence, or nil while another owner has the lease.
local refused = refusal()
if refused then return refused end
local owner, for_ms = ARGV[4], tonumber(ARGV[5])
local LEFTOVER_MS = 60000  -- how long a fence is kept where there is no scene

local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local held = redis.call('HMGET', LEASE, 'owner', 'until_ms', 'fence')
local fence = tonumber(held[3] or '0')
if held[1] ~= owner then
  if held[1] and now_ms < tonumber(held[2]) then return nil end
  -- The clock lets it grow even if a failover or a purge has lost the last one.
  fence = math.max(fence + 1, now_ms)
end
redis.call('HSET', LEASE, 'owner', owner, 'fence', string.format('%.0f', fence),
  'until_ms', string.format('%.0f', now_ms + for_ms))
redis.call('PEXPIRE', LEASE, exists() and TTL_MS or math.max(for_ms, LEFTOVER_MS))
return string.format('%.0f', fence)
