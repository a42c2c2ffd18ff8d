#!lua flags=allow-oom
-- Forgets the channel, whatever version wrote it. The lease goes soon, and not
-- at once: who held an older one than its owner must still be told so.
-- Returns the guild or '', and the users whose index may name the channel.

local listed = call('HGET', META, 'listed') or ''
local found = {call('HGET', META, 'guild') or ''}
local lease = lease_left()
call('DEL', META, TURNS, ORDER, SHOWN, WORK, PLAYERS, GONE, OWED, SAVES, UNDO)
if lease.fence then call('HSET', LEASE, 'fence', lease.fence) end
if lease.owner then call('HSET', LEASE, 'owner', lease.owner, 'until_ms', lease.until_ms) end
call('PEXPIRE', LEASE, LEFTOVER_MS)
for user in string.gmatch(listed, '[^,]+') do found[#found + 1] = user end
return found
