#!lua
-- Notes that a part of the claimed reply is about to be posted.
-- ARGV: reply, mark, fence or ''
-- Returns 1, or 0 if the reply is not the claimed one.
local meta, refused = ready('fence', 'reply')
refused = refused or fenced_off(ARGV[6], meta[1], meta[2])
if refused then return refused end

if meta[3] ~= ARGV[4] then return 0 end
call('HSET', META, 'posting', ARGV[5])
return 1
