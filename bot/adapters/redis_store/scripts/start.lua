#!lua
-- Begins a scene; a stopped one that is there is replaced, turns and all.
-- ARGV: owner, started_ms, with '+' in front of it if it was begun and may have been
--       lost, as may the end of the scene before it, then lists, each behind its
--       length: head fields and their values, users and names (the index of each names this channel by now), ids of
--       turns, each with its record and its messages (comma separated), ascending,
--       work fields and their values; and of whom the turns are: users whose index
--       names this channel, too
-- Returns {'started' or 'same' or 'taken', head, players}.
local refused = refusal()
if refused then return refused end
local owner, lost, started_ms = ARGV[4], string.match(ARGV[5], '^(%+?)(.+)$')

local at = 6
local function list(width)
  local found, count = {}, tonumber(ARGV[at])
  for i = at + 1, at + count * width do found[#found + 1] = ARGV[i] end
  at = at + 1 + #found
  return found
end

-- The highest id of the scene that goes: what still arrives of it is too old.
local function last_id_so_far()
  local highest = ''
  for _, id in ipairs({
    call('HGET', META, 'floor') or '',
    call('LINDEX', ORDER, -1) or '',
    call('HGET', META, 'reply') or '',
  }) do
    if highest < id then highest = id end
  end
  return highest
end

if exists() then
  local there = call('HMGET', META, 'owner', 'started_ms', 'live')
  if there[1] == owner and there[2] == started_ms then return {'same', unpack(head())} end
  local is_older = lost ~= '' and tonumber(there[2] or '0') < tonumber(started_ms)
  if not is_older and (lost ~= '' or there[3] == '1') then return {'taken'} end
end

local version, floor = call('HGET', META, 'ver') or '0', last_id_so_far()
local lease = lease_left()
call('DEL', META, TURNS, ORDER, SHOWN, WORK, PLAYERS, GONE, LEASE, UNDO)
call('HSET', META, 'sv', SCHEMA, 'ver', version, 'wide', WIDE)
-- The lease stays: its fence has to go on growing.
if lease.fence then call('HSET', META, 'fence', lease.fence) end
if lease.owner then call('HSET', META, 'holder', lease.owner, 'until_ms', lease.until_ms) end
if floor ~= '' then call('HSET', META, 'floor', floor) end
call('HSET', META, unpack(list(2)))
local players, turns, work_fields, users = list(2), list(3), list(2), list(1)
for i = 1, #players, 2 do
  call('HSET', PLAYERS, players[i], players[i + 1])
  users[#users + 1] = players[i]
end
note_listed(users)
for i = 1, #turns, 3 do store(turns[i], turns[i + 1], turns[i + 2], true) end
if #work_fields > 0 then call('HSET', META, unpack(work_fields)) end
changed()
return {'started', unpack(head())}
