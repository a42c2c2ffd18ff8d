#!lua
-- Notes that a part of the claimed reply is about to be posted.
-- ARGV: reply, mark, fence or ''
-- Returns 1, or 0 if the reply is not the claimed one.
local refused = refusal() or fenced_off(ARGV[6])
if refused then return refused end

if call('HGET', WORK, 'reply') ~= ARGV[4] then return 0 end
call('HSET', WORK, 'posting', ARGV[5])
return 1
