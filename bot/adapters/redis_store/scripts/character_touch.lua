#!lua flags=allow-oom
-- Reads fields of a character that is used, and has it stay.
-- KEYS: the character   ARGV: expiry in ms, that of a retired one, then fields
-- Returns their values; false for what is not there.
local retired = redis.call('HGET', KEYS[1], 'retired')
redis.call('PEXPIRE', KEYS[1], retired == '1' and ARGV[2] or ARGV[1])
local names = {}
for place = 3, #ARGV do names[#names + 1] = ARGV[place] end
return redis.call('HMGET', KEYS[1], unpack(names))
