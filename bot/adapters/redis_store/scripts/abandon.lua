#!lua flags=allow-oom
-- Drops the work of a reply that will not come.
-- ARGV: reply, fence or '', owner who gives the lease back or ''
-- Returns 1, or 0 if the reply is not the claimed one.
local refused = refusal() or fenced_off(ARGV[5])
if refused then return refused end

free(ARGV[6])
if call('HGET', WORK, 'reply') ~= ARGV[4] then return 0 end
call('DEL', WORK)
renew()
return 1
