#!lua
-- Notes the reply in the making. Messages noted before are kept: whatever reply
-- they were meant for, it is this one that will be shown in them.
-- A reply that was deleted may be stored again by this claim. Not so by the
-- same claim run twice: the deletion may lie between.
-- ARGV: reply, trigger, at_ms, '1' if a stored reply goes on, fence or '',
--       message ids
-- Returns the work as a flat list, or an empty one if there is no scene.
local refused = refusal() or fenced_off(ARGV[8])
if refused then return refused end
local reply, at_ms = ARGV[4], ARGV[6]

if not exists() then return {} end
local before = call('HMGET', WORK, 'reply', 'at_ms', 'revives', 'messages')
local revives = call('HGET', TURNS, reply) == '' and '1' or ''
if before[1] == reply and before[2] == at_ms then revives = before[3] or '' end
local messages, known = {}, {}
local function add(message)
  if not known[message] then
    known[message] = true
    messages[#messages + 1] = message
  end
end
for message in string.gmatch(before[4] or '', '[^,]+') do add(message) end
for i = 9, #ARGV do add(ARGV[i]) end
call('HSET', WORK, 'reply', reply, 'trigger', ARGV[5], 'at_ms', at_ms,
  'continues', ARGV[7], 'revives', revives, 'messages', table.concat(messages, ','),
  'written', '', 'tokens', '0', 'posting', '')
renew_if_due(META, WORK)
return call('HGETALL', WORK)
