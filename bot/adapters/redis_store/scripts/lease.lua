#!lua
-- Lends the channel to one owner for a while, or goes on lending it, and keeps
-- what the model has written of the claimed reply by now.
-- ARGV: owner, for_ms, reply or '', what is written, its tokens
-- Returns the fence, or nil while another owner has the lease.
local sv = call('HGET', META, 'sv')
local refused = refusal_of_later(sv)
if refused then return refused end
local reply = ARGV[6]

local fence, had_it = lend(ARGV[4], tonumber(ARGV[5]), sv)
-- Who has lost the lease meanwhile may find the same reply claimed by another.
if had_it and reply ~= '' and call('HGET', WORK, 'reply') == reply then
  call('HSET', WORK, 'written', ARGV[7], 'tokens', ARGV[8])
end
return fence
