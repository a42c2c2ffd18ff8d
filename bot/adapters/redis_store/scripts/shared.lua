-- Stands before every script of a channel.
-- KEYS: meta, turns, order, shown, work, players, gone, lease (all of one channel)
-- ARGV: schema version, time to live in ms, most turns kept, then the script's
--       own, which its header names from ARGV[4] on
-- Ids are opaque strings: a Lua number is a double and cannot hold them.
local META, TURNS, ORDER, SHOWN, WORK, PLAYERS, GONE, LEASE = unpack(KEYS)
local SCHEMA, TTL_MS, KEEP = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local CHUNK = 500  -- unpack() of several thousand values overflows Lua's stack

-- An error if the data was written by a later version, which alone may change it.
local function refusal()
  local found = tonumber(redis.call('HGET', META, 'sv') or SCHEMA)
  if found and found <= SCHEMA then return nil end
  return redis.error_reply('NEWERDATA the scene was written by a later version')
end

-- An error if somebody has taken the channel's lease since `fence` was given out.
-- '' stands for a caller without a lease.
local function fenced_off(fence)
  local newest = redis.call('HGET', LEASE, 'fence')
  if fence == '' or not newest or tonumber(newest) <= tonumber(fence) then return nil end
  return redis.error_reply('LEASELOST somebody else has taken the channel')
end

local function exists()
  return redis.call('EXISTS', META) == 1
end

-- The scene as it is now: whether it is there, head and players as flat lists.
local function head()
  return {redis.call('HGETALL', META), redis.call('HGETALL', PLAYERS)}
end

local function renew()
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, TTL_MS) end
end

-- The same for what happens in every turn, where seven commands would be much:
-- until a tenth of the time is over only `made`, the keys that this script may
-- have made, get their expiry, and it is that of the scene's other keys.
local function renew_if_due(made)
  local left, whole = redis.call('PTTL', META), tonumber(TTL_MS)
  if left < whole * 0.9 or left > whole then return renew() end
  for _, key in ipairs(made) do redis.call('PEXPIRE', key, left) end
end

-- Ends every change of the scene; `made` as above, or nil to renew all keys.
local function changed(made)
  redis.call('HINCRBY', META, 'ver', 1)
  if made then renew_if_due(made) else renew() end
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

-- Puts `id` in its place. Almost always that is the end.
local function enter(id)
  local newest = redis.call('LINDEX', ORDER, -1)
  if not newest or newest < id then return redis.call('RPUSH', ORDER, id) end
  for last = redis.call('LLEN', ORDER) - 1, 0, -CHUNK do
    local ids = redis.call('LRANGE', ORDER, math.max(0, last - CHUNK + 1), last)
    for i = #ids, 1, -1 do
      if ids[i] < id then return redis.call('LINSERT', ORDER, 'AFTER', ids[i], id) end
    end
  end
  return redis.call('LPUSH', ORDER, id)
end

-- Forgets the oldest turns beyond KEEP and remembers how far that went.
local function trim()
  local surplus = redis.call('LLEN', ORDER) - KEEP
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

-- Whether a turn that is not stored comes from before what the scene remembers.
local function too_old(id)
  local floor = redis.call('HGET', META, 'floor')
  if floor and id <= floor then return true end
  return redis.call('LLEN', ORDER) >= KEEP and id < redis.call('LINDEX', ORDER, 0)
end

-- Writes a turn whose place is there, with the messages that show it.
local function write(id, record)
  redis.call('HSET', TURNS, id, record)
  for _, message in ipairs(decoded(record).messages or {}) do
    redis.call('HSET', SHOWN, message, id)
  end
end

-- Stores a new turn.
local function store(id, record)
  write(id, record)
  enter(id)
  trim()
end

local function names(list, entry)
  return string.find(',' .. list .. ',', ',' .. entry .. ',', 1, true) ~= nil
end

-- Whether the message was deleted while it showed no stored turn.
local function was_deleted(message)
  return redis.call('LPOS', GONE, message) ~= false
end

-- Raises `seen` to the message. Ids are compared as the numbers that they write.
local function see(message)
  local seen = redis.call('HGET', META, 'seen') or ''
  if #message > #seen or (#message == #seen and message > seen) then
    redis.call('HSET', META, 'seen', message)
  end
end

-- Lends the channel to one owner for a while, by this server's clock.
-- Returns the fence, or nil while another owner has the lease; and whether this
-- owner had it already.
local LEFTOVER_MS = 60000  -- how long a fence is kept where there is no scene
local function lend(owner, for_ms)
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
  redis.call('PEXPIRE', LEASE, exists() and TTL_MS or math.max(for_ms, LEFTOVER_MS))
  return written, had_it
end

-- Gives the lease back, if this owner has it; its fence is remembered, so that
-- the next one is higher.
local function free(owner)
  if owner == '' or redis.call('HGET', LEASE, 'owner') ~= owner then return 0 end
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
