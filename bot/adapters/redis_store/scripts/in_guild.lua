#!lua
-- Notes that the guild's index names this channel.
-- ARGV: guild
-- Returns 1, or 0 if no scene of it is there.
local refused = refusal_of_later()
if refused then return refused end

if call('HGET', META, 'guild') ~= ARGV[4] then return 0 end
call('HSET', META, 'in_guild', '1')
return 1
