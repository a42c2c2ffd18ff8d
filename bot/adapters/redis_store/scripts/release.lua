#!lua flags=allow-oom
-- Gives the lease back; its fence is remembered, so that the next one is higher.
-- ARGV: owner
-- Returns 1, or 0 if somebody else has it.
local refused = refusal()
if refused then return refused end

if redis.call('HGET', LEASE, 'owner') ~= ARGV[4] then return 0 end
redis.call('HDEL', LEASE, 'owner', 'until_ms')
return 1
