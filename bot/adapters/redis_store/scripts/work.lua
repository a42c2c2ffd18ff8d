#!lua flags=no-writes
-- Reads the reply in the making.
-- Returns a flat list, empty if there is none.
return work()
