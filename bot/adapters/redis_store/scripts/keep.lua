#!lua flags=allow-oom
-- Has the channel forgotten after another time of silence; what it has been silent
-- for already counts. Not a change of the story.
-- ARGV: that time in ms, or '' for the usual one, and how long it stays at least
local refused = refusal()
if refused then return refused end
if not exists() then return 0 end
local silent_ms = math.max(0, ttl_ms() - call('PTTL', META))
if ARGV[4] == '' then
  call('HDEL', META, 'keep_ms')
else
  call('HSET', META, 'keep_ms', ARGV[4])
end
local left_ms = math.max(ttl_ms() - silent_ms, math.min(ttl_ms(), tonumber(ARGV[5])))
for i = 1, 10 do call('PEXPIRE', KEYS[i], left_ms) end
return 1
