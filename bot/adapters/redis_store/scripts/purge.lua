#!lua flags=allow-oom
-- Forgets the channel, whatever version wrote it. The lease goes soon, and not
-- at once: who held an older one than its owner must still be told so.
-- Returns the guild or '', and the users whose index may name the channel.
local LEASE_LEFT_MS = 60000

local listed = redis.call('HGET', META, 'listed') or ''
local found = {redis.call('HGET', META, 'guild') or ''}
redis.call('DEL', META, TURNS, ORDER, SHOWN, WORK, PLAYERS, GONE)
redis.call('PEXPIRE', LEASE, LEASE_LEFT_MS)
for user in string.gmatch(listed, '[^,]+') do found[#found + 1] = user end
return found
