#!lua
-- Notes a message that shows a part of the claimed reply; with that, no post of
-- it is under way. Only once: a repeated call may come after the next intent.
-- ARGV: reply, message id, fence or ''
-- Returns 1, or 0 if the reply is not the claimed one.
local meta, refused = ready('fence', 'reply', 'shown_in')
refused = refused or fenced_off(ARGV[6], meta[1], meta[2])
if refused then return refused end
local message = ARGV[5]

if meta[3] ~= ARGV[4] then return 0 end
local noted = meta[4] or ''
if not names(noted, message) then
  if noted ~= '' then noted = noted .. ',' end
  call('HSET', META, 'shown_in', noted .. message, 'posting', '')
end
return 1
