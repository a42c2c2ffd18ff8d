#!lua
-- Lends the channel to one owner for a while, or goes on lending it, and keeps
-- what the model has written of the claimed reply by now.
-- ARGV: owner, for_ms, reply or '', what is written, its tokens, the fence under which
--       this owner has the lease, or '' to take it
-- Returns the fence, or nil while another owner has the lease.
local meta = call('HMGET', META, 'sv', 'holder', 'until_ms', 'fence', 'reply')
local refused = refusal_of_later(meta[1])
if refused then return refused end

local known = ARGV[9]
local fence, had_it, fields = lend(ARGV[4], tonumber(ARGV[5]), known, unpack(meta, 1, 4))
if not fence then return known ~= '' and lease_lost() or nil end
-- Who has lost the lease meanwhile may find the same reply claimed by another.
if had_it and ARGV[6] ~= '' and meta[5] == ARGV[6] then
  fields[3], fields[4], fields[5], fields[6] = 'written', ARGV[7], 'tokens', ARGV[8]
end
if #fields > 0 then call('HSET', META, unpack(fields)) end
return fence
