#!lua flags=allow-oom
-- Forgets what messages show; a reply keeps the parts that are left. A tombstone
-- stays, so that the same message delivered again is known, also of messages that
-- show nothing yet. A reply in the making whose trigger goes answers what is left
-- of the lines before it. What had to leave the screen has left. Runs when memory
-- is full, too.
-- ARGV: name of this deletion, message ids
-- Returns {ids of the turns that are gone, ids of those that are shorter}, the
-- same again for the same deletion: its first answer may have been lost.
local refused = refusal()
if refused then return refused end
local GONE_KEPT = 256
local name = ARGV[4]

local function parted(list)
  local found = {}
  for id in string.gmatch(list, '[^,]+') do found[#found + 1] = id end
  return found
end

-- The newest line before `id` that no reply stands behind; nil if there is none.
local function line_left(id)
  for last = call('LLEN', ORDER) - 1, 0, -CHUNK do
    local ids = call('LRANGE', ORDER, math.max(0, last - CHUNK + 1), last)
    for i = #ids, 1, -1 do
      local turn = ids[i] < id and decoded(call('HGET', TURNS, ids[i]))
      if turn and turn.role == 'character' then return nil end
      if turn and turn.role == 'player' then return ids[i] end
    end
  end
end

local function remember(message)
  if was_deleted(message) then return end
  call('HSET', META, 'early', '1')
  call('RPUSH', GONE, message)
  call('LTRIM', GONE, -GONE_KEPT, -1)
end

-- Takes a message off a turn that shows in others, too; false if it is the last.
local function shorten(id, turn, message)
  local parts = turn and parts_of(turn)
  local place = parts and #parts > 1 and place_of(turn, message)
  if not place then return false end
  table.remove(turn.messages, place)
  table.remove(parts, place)
  if turn.edits then turn.edits[message] = nil end
  show_parts(turn, parts)
  call('HSET', TURNS, id, cjson.encode(turn))
  return true
end

if not exists() then return {{}, {}} end
for i = 5, #ARGV do call('SREM', OWED, ARGV[i]) end
local last, was_gone, was_shorter =
  string.match(call('HGET', META, 'deletion') or '', '^(.-);(.-);(.*)$')
if last == name then return {parted(was_gone), parted(was_shorter)} end
local gone, shorter = {}, {}
local showing = call('HGET', META, 'shown_in') or ''
for i = 5, #ARGV do
  local message = ARGV[i]
  local id, record = shown_by(message)
  if not id or names(showing, message) then remember(message) end
  if id then
    local turn = decoded(record)
    call('HDEL', SHOWN, message)
    if shorten(id, turn, message) then
      shorter[id] = true
    else
      forget_messages(turn)
      call('HSET', TURNS, id, '')
      gone[#gone + 1] = id
      shorter[id] = nil
    end
  end
end
local left = {}
for id in pairs(shorter) do left[#left + 1] = id end
if #gone + #left == 0 then
  renew_if_due(META, GONE)
  return {gone, left}
end
local trigger = call('HGET', META, 'trigger')
local line = trigger and call('HGET', TURNS, trigger) == '' and line_left(trigger)
if line then call('HSET', META, 'trigger', line) end
call('HSET', META, 'deletion',
  name .. ';' .. table.concat(gone, ',') .. ';' .. table.concat(left, ','))
turns_changed()
changed()
return {gone, left}
