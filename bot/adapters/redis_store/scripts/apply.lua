#!lua
-- Makes a change of a scene that was made of one version of it, or nothing.
-- ARGV: name of this change, that version, with '+' in front of it if it was made and
--       may have been lost, and changes before it, too, '1' if the work is not wanted any more,
--       what takes the change back ('' keeps what there is, '-' drops it), how long
--       that is kept in ms, '1' if others play, then lists, each behind its length:
--       those (users and names), head fields and their values, work fields and their values, ids of turns that go, messages
--       that have to leave the screen, messages that had to and stay, ids of turns
--       that are put, each with its record and its messages (comma separated)
-- Returns 1, or 0 if the scene is another by now or is gone, or a message that was
-- to stay has left.
local meta, refused = ready('ver', 'floor', 'applied')
if refused then return refused end
if not meta[1] then return 0 end
if meta[4] == ARGV[4] then return 1 end
local lost = string.match(ARGV[5], '^%+(.+)$')
if lost and tonumber(meta[2] or '0') > tonumber(lost) then return 0 end
if not lost and meta[2] ~= ARGV[5] then return 0 end

local at = 10
local function list(width)
  local found, count = {}, tonumber(ARGV[at])
  for i = at + 1, at + count * (width or 1) do found[#found + 1] = ARGV[i] end
  at = at + 1 + #found
  return found
end
local function each_chunk(values, act)
  for i = 1, #values, CHUNK do act(unpack(values, i, math.min(i + CHUNK - 1, #values))) end
end

local players, fields, work_fields = list(2), list(2), list(2)
local gone, leaving, staying, put = list(), list(), list(), list(3)
for _, message in ipairs(staying) do
  if call('SISMEMBER', OWED, message) == 0 then return 0 end
end
if ARGV[9] == '1' then
  call('DEL', PLAYERS)
  each_chunk(players, function(...) call('HSET', PLAYERS, ...) end)
end
for _, id in ipairs(gone) do
  local record = call('HGET', TURNS, id)
  if record then
    forget_messages(decoded(record))
    call('HSET', TURNS, id, '')
  end
end
local newest = call('LINDEX', ORDER, -1)
for i = 1, #put, 3 do
  local id, record, messages = put[i], put[i + 1], put[i + 2]
  local stored = call('HGET', TURNS, id)
  if stored then
    forget_messages(decoded(stored))
    write(id, record, messages)
  elseif not too_old(id, meta[3]) then
    local comes_next = newest and newest < id
    meta[3] = store(id, record, messages, comes_next) or meta[3]
    if not newest or newest < id then newest = id end
  end
end
if ARGV[6] == '1' then call('HDEL', META, unpack(WORK_FIELDS)) end
each_chunk(fields, function(...) call('HSET', META, ...) end)
if #work_fields > 0 then
  call('HDEL', META, unpack(WORK_FIELDS))
  call('HSET', META, unpack(work_fields))
end
each_chunk(staying, function(...) call('SREM', OWED, ...) end)
each_chunk(leaving, function(...) call('SADD', OWED, ...) end)
if ARGV[7] == '-' then call('DEL', UNDO) end
if ARGV[7] ~= '' and ARGV[7] ~= '-' then call('SET', UNDO, ARGV[7], 'PX', ARGV[8]) end
call('HSET', META, 'applied', ARGV[4])
turns_changed()
changed()
return 1
