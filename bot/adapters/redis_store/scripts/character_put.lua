#!lua
-- Keeps a character in place of the one of the version before.
-- KEYS: the character   ARGV: that version or '' for any, expiry in ms, then fields and values
-- Returns 1, or 0 where it has another version.
local known = redis.call('HGET', KEYS[1], 'ver') or '0'
if ARGV[1] ~= '' and known ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
for place = 3, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[place], ARGV[place + 1])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
