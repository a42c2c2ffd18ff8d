#!lua
-- Puts a copy of a story aside, in place of an earlier one of that name.
-- ARGV: name, copy (JSON), most copies
-- Returns 1, or 0 where so many others are kept already.
local refused = refusal()
if refused then return refused end
if not exists() then return 0 end
local is_known = call('HEXISTS', SAVES, ARGV[4]) == 1
if not is_known and call('HLEN', SAVES) >= tonumber(ARGV[6]) then return 0 end
call('HSET', SAVES, ARGV[4], ARGV[5])
renew()
return 1
