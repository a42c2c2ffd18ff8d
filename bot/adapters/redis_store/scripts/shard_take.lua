#!lua
-- Takes a shard for an owner, or keeps it for them, for a while.
-- KEYS: the shard        ARGV: owner, for_ms
-- Returns 1, or 0 while another owner has it.
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
