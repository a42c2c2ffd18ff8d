#!lua flags=allow-oom
-- Gives the lease back; its fence is remembered, so that the next one is higher.
-- ARGV: owner
-- Returns 1, or 0 if somebody else has it.
local meta = call('HMGET', META, 'sv', 'holder')
local refused = refusal_of_later(meta[1])
if refused then return refused end

if meta[1] == ARGV[1] then
  if meta[2] ~= ARGV[4] then return 0 end
  call('HDEL', META, 'holder', 'until_ms')
else
  if call('HGET', LEASE, 'owner') ~= ARGV[4] then return 0 end
  call('HDEL', LEASE, 'owner', 'until_ms')
end
return 1
