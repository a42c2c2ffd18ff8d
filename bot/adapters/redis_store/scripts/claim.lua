#!lua
-- Notes the reply in the making. Messages noted before are kept: whatever reply
-- they were meant for, it is this one that will be shown in them.
-- A reply that was deleted may be stored again by this claim. Not so by the
-- same claim run twice: the deletion may lie between.
-- ARGV: reply, trigger, at_ms, '1' if a stored reply goes on, fence or '',
--       message ids
-- Returns the work as a flat list, or an empty one if there is no scene.
local meta, refused = ready('fence', 'reply', 'claimed_ms', 'revives', 'shown_in')
refused = refused or fenced_off(ARGV[8], meta[1], meta[2])
if refused then return refused end
local reply, at_ms = ARGV[4], ARGV[6]

if not meta[1] then return {} end
local revives = call('HGET', TURNS, reply) == '' and '1' or ''
if meta[3] == reply and meta[4] == at_ms then revives = meta[5] or '' end
local messages, known = {}, {}
local function add(message)
  if not known[message] then
    known[message] = true
    messages[#messages + 1] = message
  end
end
for message in string.gmatch(meta[6] or '', '[^,]+') do add(message) end
for i = 9, #ARGV do add(ARGV[i]) end
call('HSET', META, 'reply', reply, 'trigger', ARGV[5], 'claimed_ms', at_ms,
  'continues', ARGV[7], 'revives', revives, 'shown_in', table.concat(messages, ','),
  'written', '', 'tokens', '0', 'posting', '')
return work()
