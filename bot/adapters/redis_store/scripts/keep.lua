#!lua flags=allow-oom
-- Has the channel forgotten after another time of silence; what it has been silent
-- for already counts. So it is for its lorebooks. Not a change of the story.
-- KEYS: those of a channel, and its lorebooks
-- ARGV: that time in ms, or '' for the usual one, and how long it stays at least
local refused = refusal()
if refused then return refused end
if not exists() then return 0 end
local before_ms = ttl_ms()
if ARGV[4] == '' then
  call('HDEL', META, 'keep_ms')
else
  call('HSET', META, 'keep_ms', ARGV[4])
end
local function left_ms(key)
  local silent_ms = math.max(0, before_ms - call('PTTL', key))
  return math.max(ttl_ms() - silent_ms, math.min(ttl_ms(), tonumber(ARGV[5])))
end
local scene_ms, books_ms = left_ms(META), left_ms(KEYS[12])
for i = 1, 10 do call('PEXPIRE', KEYS[i], scene_ms) end
call('PEXPIRE', KEYS[12], books_ms)
return 1
