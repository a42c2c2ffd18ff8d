#!lua
-- Begins a scene; a stopped one that is there is replaced, turns and all.
-- ARGV: owner, started_ms, id of the opening turn or '', its record, its
--       messages (comma separated), number of head fields and their names and values, then users and names;
--       the index of each user names this channel by now
-- Returns {'started' or 'same' or 'taken', head, players}.
local refused = refusal()
if refused then return refused end
local owner, started_ms, opening, record = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local FIELDS_FROM = 10

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
  if there[3] == '1' then return {'taken'} end
end

local version, floor = call('HGET', META, 'ver') or '0', last_id_so_far()
local lease = lease_left()
call('DEL', META, TURNS, ORDER, SHOWN, WORK, PLAYERS, GONE, LEASE, UNDO)
call('HSET', META, 'sv', SCHEMA, 'ver', version, 'wide', WIDE)
-- The lease stays: its fence has to go on growing.
if lease.fence then call('HSET', META, 'fence', lease.fence) end
if lease.owner then call('HSET', META, 'holder', lease.owner, 'until_ms', lease.until_ms) end
if floor ~= '' then call('HSET', META, 'floor', floor) end
local players = FIELDS_FROM + 2 * tonumber(ARGV[9])
for i = FIELDS_FROM, players - 1, 2 do call('HSET', META, ARGV[i], ARGV[i + 1]) end
local users = {}
for i = players, #ARGV, 2 do
  call('HSET', PLAYERS, ARGV[i], ARGV[i + 1])
  users[#users + 1] = ARGV[i]
end
note_listed(users)
if opening ~= '' then store(opening, record, ARGV[8]) end
changed()
return {'started', unpack(head())}
