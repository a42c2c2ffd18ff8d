#!lua
-- Notes the reply in the making. Messages noted before are kept: whatever reply
-- they were meant for, it is this one that will be shown in them.
-- ARGV: reply, trigger, at_ms, '1' if a stored reply goes on, message ids
-- Returns the work as a flat list, or an empty one if there is no scene.
local refused = refusal()
if refused then return refused end

if not exists() then return {} end
local messages, known = {}, {}
local function add(message)
  if not known[message] then
    known[message] = true
    messages[#messages + 1] = message
  end
end
for message in string.gmatch(redis.call('HGET', WORK, 'messages') or '', '[^,]+') do add(message) end
for i = 8, #ARGV do add(ARGV[i]) end
redis.call('HSET', WORK, 'reply', ARGV[4], 'trigger', ARGV[5], 'at_ms', ARGV[6],
  'continues', ARGV[7], 'messages', table.concat(messages, ','))
renew()
return redis.call('HGETALL', WORK)
