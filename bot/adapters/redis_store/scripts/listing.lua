#!lua
-- Notes users whose index names this channel by now; none to ask only.
-- ARGV: the users
-- Returns those of whom that is not known yet.
local refused = refusal_of_later()
if refused then return refused end

if not exists() then return {} end
if #ARGV > 3 then note_listed({unpack(ARGV, 4)}) end
return unlisted('', true)
