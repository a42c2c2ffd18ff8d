#!lua flags=allow-oom
-- Forgets the channel, whatever version wrote it. The lease goes soon, and not
-- at once: who held an older one than its owner must still be told so.
-- Returns the guild or '', and the users whose index may name the channel.
local LEASE_LEFT_MS = 60000

local listed = call('HGET', META, 'listed') or ''
local found = {call('HGET', META, 'guild') or ''}
call('DEL', META, TURNS, ORDER, SHOWN, WORK, PLAYERS, GONE)
call('PEXPIRE', LEASE, LEASE_LEFT_MS)
for user in string.gmatch(listed, '[^,]+') do found[#found + 1] = user end
return found
