#!lua flags=no-writes
-- Reads what a start has to know of a scene.
-- Returns {head, players, work, record of the newest turn or '', messages that have to
-- leave the screen}, or nil if there is no scene.
local FEW = 20

local function newest()
  for last = call('LLEN', ORDER) - 1, 0, -FEW do
    local ids = call('LRANGE', ORDER, math.max(0, last - FEW + 1), last)
    for i = #ids, 1, -1 do
      local record = call('HGET', TURNS, ids[i])
      if decoded(record) then return record end
    end
  end
  return ''
end

if not exists() then return nil end
local result = head()
result[3] = work()
result[4] = newest()
result[5] = call('SMEMBERS', OWED)
return result
