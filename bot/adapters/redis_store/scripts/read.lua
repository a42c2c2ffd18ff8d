#!lua flags=no-writes
-- Reads a scene with its turns, all of one moment.
-- Returns {head, players, records of turns}, or nil if there is no scene.
if not exists() then return nil end
local result = head()
result[3] = call('HVALS', TURNS)
return result
