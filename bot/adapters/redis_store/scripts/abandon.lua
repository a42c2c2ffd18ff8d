#!lua flags=allow-oom
-- Drops the work of a reply that will not come.
-- ARGV: reply, fence or '', owner who gives the lease back or ''
-- Returns 1, or 0 if the reply is not the claimed one.
local meta, refused = ready('fence', 'reply', 'holder')
refused = refused or fenced_off(ARGV[5], meta[1], meta[2])
if refused then return refused end

free(ARGV[6], meta[1], meta[4])
if meta[3] ~= ARGV[4] then return 0 end
call('HDEL', META, unpack(WORK_FIELDS))
renew()
return 1
