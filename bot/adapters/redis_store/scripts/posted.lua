#!lua
-- Notes a message that shows a part of the claimed reply; with that, no post of
-- it is under way. Only once: a repeated call may come after the next intent.
-- ARGV: reply, message id, fence or ''
-- Returns 1, or 0 if the reply is not the claimed one.
local refused = refusal() or fenced_off(ARGV[6])
if refused then return refused end
local reply, message = ARGV[4], ARGV[5]

local work = call('HMGET', WORK, 'reply', 'messages')
if work[1] ~= reply then return 0 end
local noted = work[2] or ''
if not names(noted, message) then
  if noted ~= '' then noted = noted .. ',' end
  call('HSET', WORK, 'messages', noted .. message, 'posting', '')
end
return 1
