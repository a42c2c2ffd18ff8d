#!lua flags=allow-oom
-- Drops the work of a reply that will not come.
-- ARGV: reply, fence or ''
-- Returns 1, or 0 if the reply is not the claimed one.
local refused = refusal() or fenced_off(ARGV[5])
if refused then return refused end

if redis.call('HGET', WORK, 'reply') ~= ARGV[4] then return 0 end
redis.call('DEL', WORK)
renew()
return 1
