-- What scripts of a channel have in common. Of these pieces, parted by blank
-- lines, every script gets the ones that it names, and what those name.
-- KEYS: meta, turns, order, shown, work, players, gone, lease (all of one channel)
-- ARGV: schema version, time to live in ms, most turns kept, then the script's
--       own, which its header names from ARGV[4] on
-- Ids are opaque strings: a Lua number is a double and cannot hold them.

local META = KEYS[1]

local TURNS = KEYS[2]

local ORDER = KEYS[3]

local SHOWN = KEYS[4]

local WORK = KEYS[5]

local PLAYERS = KEYS[6]

local GONE = KEYS[7]

local LEASE = KEYS[8]

local SCHEMA = tonumber(ARGV[1])

local TTL_MS = tonumber(ARGV[2])

local KEEP = tonumber(ARGV[3])

-- unpack() of several thousand values overflows Lua's stack.
local CHUNK = 500

-- The newest line of a scene of the first schema, which did not note what was
-- seen; nil if there is none.
local function newest_line()
  local newest = redis.call('LINDEX', ORDER, -1)
  return newest and string.match(newest, '^0*(%d+)r?$')
end

-- Writes what the first schema did not have.
local function migrate()
  redis.call('HSET', META, 'sv', SCHEMA)
  local line = newest_line()
  if line and (redis.call('HGET', META, 'seen') or '') == '' then
    redis.call('HSET', META, 'seen', line)
  end
end

-- An error if the data was written by a later version, which alone may change it.
-- `sv` is what META says, for those who know it.
local function refusal_of_later(sv)
  local found = tonumber(sv or redis.call('HGET', META, 'sv') or SCHEMA)
  if found and found <= SCHEMA then return nil end
  return redis.error_reply('NEWERDATA the scene was written by a later version')
end

-- The same, and what an earlier version wrote is made ready for a change of ours,
-- after which that version leaves it alone.
local function refusal(sv)
  sv = sv or redis.call('HGET', META, 'sv')
  local refused = refusal_of_later(sv)
  if not refused and sv and tonumber(sv) < SCHEMA then migrate() end
  return refused
end

-- An error if somebody has taken the channel's lease since `fence` was given out.
-- '' stands for a caller without a lease. `newest` is what LEASE says, for those
-- who know it.
local function fenced_off(fence, newest)
  newest = newest or redis.call('HGET', LEASE, 'fence')
  if fence == '' or not newest or tonumber(newest) <= tonumber(fence) then return nil end
  return redis.error_reply('LEASELOST somebody else has taken the channel')
end

local function exists()
  return redis.call('EXISTS', META) == 1
end

-- The scene as it is now: head and players as flat lists.
local function head()
  local fields = redis.call('HGETALL', META)
  local names = {}
  for i = 1, #fields, 2 do names[fields[i]] = fields[i + 1] end
  if names.sv and tonumber(names.sv) ~= SCHEMA and not names.seen then
    fields[#fields + 1] = 'seen'
    fields[#fields + 1] = newest_line() or ''
  end
  return {fields, redis.call('HGETALL', PLAYERS)}
end

local function renew()
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, TTL_MS) end
end

-- The same for what happens in every turn, where so many commands would be much:
-- until a tenth of the time is over only `made`, the keys that this script may
-- have made, get their expiry, and it is that of the scene's other keys.
local function renew_if_due(made)
  local left = redis.call('PTTL', META)
  if left < TTL_MS * 0.9 or left > TTL_MS then return renew() end
  for _, key in ipairs(made) do redis.call('PEXPIRE', key, left) end
end

-- Ends every change of the scene but those of a turn, which do it more cheaply.
local function changed()
  redis.call('HINCRBY', META, 'ver', 1)
  renew()
end

-- The record as a table, or nil if it is a tombstone or damaged.
local function decoded(record)
  if not record or record == '' then return nil end
  local ok, turn = pcall(cjson.decode, record)
  local whole = ok and type(turn) == 'table'
    and type(turn.swipes) == 'table' and type(turn.current) == 'number'
    and type(turn.swipes[turn.current + 1]) == 'string'
    and (turn.messages == nil or type(turn.messages) == 'table')
    and (turn.parts == nil or type(turn.parts) == 'table')
    and (turn.edits == nil or type(turn.edits) == 'table')
  return whole and turn or nil
end

-- The text of each message that shows the turn; nil if that is not known.
local function parts_of(turn)
  local messages = turn.messages or {}
  if #messages == 1 then return {turn.swipes[turn.current + 1]} end
  return turn.parts and #turn.parts == #messages and turn.parts or nil
end

-- Gives the turn these parts; its text is all of them.
local function show_parts(turn, parts)
  turn.swipes[turn.current + 1] = table.concat(parts, '\n')
  turn.parts = #parts > 1 and parts or nil
end

local function place_of(turn, message)
  for place, each in ipairs(turn.messages or {}) do
    if each == message then return place end
  end
end

local function forget_messages(record)
  for _, message in ipairs(record and record.messages or {}) do
    redis.call('HDEL', SHOWN, message)
  end
end

-- Whether a turn that is not stored comes from before what the scene remembers.
-- `floor` is what META says, `length` that of ORDER.
local function too_old(id, floor, length)
  if floor and id <= floor then return true end
  return length >= KEEP and id < redis.call('LINDEX', ORDER, 0)
end

-- Puts `id` in its place in ORDER, which has this length. Almost always that is
-- the end.
local function enter(id, length)
  local newest = redis.call('LINDEX', ORDER, -1)
  if not newest or newest < id then return redis.call('RPUSH', ORDER, id) end
  for last = length - 1, 0, -CHUNK do
    local ids = redis.call('LRANGE', ORDER, math.max(0, last - CHUNK + 1), last)
    for i = #ids, 1, -1 do
      if ids[i] < id then return redis.call('LINSERT', ORDER, 'AFTER', ids[i], id) end
    end
  end
  return redis.call('LPUSH', ORDER, id)
end

-- Forgets so many of the oldest turns and remembers how far that went.
local function trim(surplus)
  while surplus > 0 do
    local ids = redis.call('LRANGE', ORDER, 0, math.min(surplus, CHUNK) - 1)
    for _, record in ipairs(redis.call('HMGET', TURNS, unpack(ids))) do
      forget_messages(decoded(record))
    end
    redis.call('HDEL', TURNS, unpack(ids))
    redis.call('LTRIM', ORDER, #ids, -1)
    redis.call('HSET', META, 'floor', ids[#ids])
    surplus = surplus - #ids
  end
end

-- Writes a turn whose place is there, and which messages (comma separated) show it.
local function write(id, record, messages)
  redis.call('HSET', TURNS, id, record)
  for message in string.gmatch(messages, '[^,]+') do redis.call('HSET', SHOWN, message, id) end
end

-- Stores a new turn in ORDER, which has this length.
local function store(id, record, messages, length)
  write(id, record, messages)
  enter(id, length)
  if length >= KEEP then trim(length + 1 - KEEP) end
end

local function names(list, entry)
  return string.find(',' .. list .. ',', ',' .. entry .. ',', 1, true) ~= nil
end

-- Whether the message was deleted while it showed no stored turn.
local function was_deleted(message)
  return redis.call('LPOS', GONE, message) ~= false
end

-- Whether a message is newer than the newest seen. Both are decimal numbers.
local function is_newer(message, seen)
  return #message > #seen or (#message == #seen and message > seen)
end

-- Counts a change in META, of which it was said that this is its `ver`; fields and
-- values in turn are written with it.
local function count_change(ver, ...)
  redis.call('HSET', META, 'ver', string.format('%.0f', (tonumber(ver) or 0) + 1), ...)
end

-- How long a fence is kept where there is no scene.
local LEFTOVER_MS = 60000

-- Lends the channel to one owner for a while, by this server's clock. `sv` is what
-- META says. A scene of an earlier version is made ready only for who gets it: the
-- other may be a process of that version.
-- Returns the fence, or nil while another owner has the lease; and whether this
-- owner had it already.
local function lend(owner, for_ms, sv)
  local time = redis.call('TIME')
  local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local held = redis.call('HMGET', LEASE, 'owner', 'until_ms', 'fence')
  local fence, had_it = tonumber(held[3] or '0'), held[1] == owner
  if not had_it then
    if held[1] and now_ms < tonumber(held[2]) then return nil end
    -- The clock lets it grow even if a failover or a purge has lost the last one.
    fence = math.max(fence + 1, now_ms)
  end
  local written = string.format('%.0f', fence)
  redis.call('HSET', LEASE, 'owner', owner, 'fence', written,
    'until_ms', string.format('%.0f', now_ms + for_ms))
  if sv and tonumber(sv) < SCHEMA then migrate() end
  if not sv and not exists() then
    redis.call('PEXPIRE', LEASE, math.max(for_ms, LEFTOVER_MS))
  elseif not held[3] then
    redis.call('PEXPIRE', LEASE, TTL_MS)
  end
  return written, had_it
end

-- Gives the lease back, if this owner has it; its fence is remembered, so that
-- the next one is higher. `holder` is what LEASE says, for those who know it.
local function free(owner, holder)
  holder = holder or redis.call('HGET', LEASE, 'owner')
  if owner == '' or holder ~= owner then return 0 end
  redis.call('HDEL', LEASE, 'owner', 'until_ms')
  return 1
end

-- Notes that these users' index names this channel.
local function note_listed(users)
  local listed = redis.call('HGET', META, 'listed') or ''
  for _, user in ipairs(users) do
    if not names(listed, user) then listed = listed .. (listed ~= '' and ',' or '') .. user end
  end
  redis.call('HSET', META, 'listed', listed)
end

-- The users whose index may not name this channel: of `author` ('' is nobody),
-- and with `all` of everybody the scene knows. Earlier versions kept no index.
local function unlisted(author, all)
  local listed, found = redis.call('HGET', META, 'listed') or '', {}
  local function look_at(user)
    if user ~= '' and not names(listed, user) then
      found[#found + 1] = user
      listed = listed .. ',' .. user
    end
  end
  look_at(author)
  if not all then return found end
  look_at(redis.call('HGET', META, 'owner') or '')
  for _, user in ipairs(redis.call('HKEYS', PLAYERS)) do look_at(user) end
  for _, record in ipairs(redis.call('HVALS', TURNS)) do
    for user in string.gmatch(record, '"author":"(%d+)"') do look_at(user) end
  end
  return found
end
