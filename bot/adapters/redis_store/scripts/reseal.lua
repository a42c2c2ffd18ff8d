#!lua
-- Replaces fields of a hash, each unless it is another by now. Expiry stays as it is.
-- KEYS: the hash        ARGV: fields, each with its text before and after
-- Returns how many were replaced.
local count = 0
for i = 1, #ARGV, 3 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
    count = count + 1
  end
end
return count
