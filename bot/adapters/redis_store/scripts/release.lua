#!lua flags=allow-oom
-- Gives the lease back.
-- ARGV: owner
-- Returns 1, or 0 if somebody else has it.
local refused = refusal_of_later()
if refused then return refused end

return free(ARGV[4])
