#!lua flags=no-writes
-- Reads what a start has to know of a scene.
-- Returns {head, players, work, record of the newest turn or '', messages that have to
-- leave the screen, '1' if one of the last turns is still to be posted}, or nil if there
-- is no scene.
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

-- To look for it in the text is far cheaper than to decode it; what somebody wrote
-- holds no quotes that are not escaped.
local function is_to_be_posted(record)
  return record and string.find(record, '"to_post":"1"', 1, true)
    and not string.find(record, '"messages":[', 1, true)
end

local function unposted()
  local ids = call('LRANGE', ORDER, -FEW, -1)
  if #ids == 0 then return '' end
  for _, record in ipairs(call('HMGET', TURNS, unpack(ids))) do
    if is_to_be_posted(record) then return '1' end
  end
  return ''
end

if not exists() then return nil end
local result = head()
result[3] = work()
result[4] = newest()
result[5] = call('SMEMBERS', OWED)
result[6] = unposted()
return result
