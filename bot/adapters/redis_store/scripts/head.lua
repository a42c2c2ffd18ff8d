#!lua flags=no-writes
-- Reads a scene without its turns.
-- Returns {head, players}, or nil if there is no scene.
if not exists() then return nil end
return head()
