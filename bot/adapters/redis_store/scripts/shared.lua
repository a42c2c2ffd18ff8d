-- What scripts of a channel have in common. Of these pieces, parted by blank
-- lines, every script gets the ones that it names, and what those name.
-- KEYS: meta, turns, order, shown, work, players, gone, lease, owed, saves, undo (all
--       of one channel)
-- ARGV: schema version, time to live in ms, most turns kept, then the script's
--       own, which its header names from ARGV[4] on
-- Ids are opaque strings: a Lua number is a double and cannot hold them.

-- As a local it is found faster, and some scripts call it twenty times a run.
local call = redis.call

local META = KEYS[1]

local TURNS = KEYS[2]

local ORDER = KEYS[3]

local SHOWN = KEYS[4]

local WORK = KEYS[5]

local PLAYERS = KEYS[6]

local GONE = KEYS[7]

local LEASE = KEYS[8]

local OWED = KEYS[9]

local SAVES = KEYS[10]

local UNDO = KEYS[11]

local SCHEMA = tonumber(ARGV[1])

local KEEP = tonumber(ARGV[3])

-- unpack() of several thousand values overflows Lua's stack.
local CHUNK = 500

-- The newest line of a scene of the first schema, which did not note what was
-- seen; nil if there is none.
local function newest_line()
  local newest = call('LINDEX', ORDER, -1)
  return newest and string.match(newest, '^0*(%d+)r?$')
end

-- A value of META that is too long for Redis to keep the hash packed. Of a packed one
-- every field is looked for from the beginning, and a turn asks for fifty.
local WIDE = string.rep('.', 65)

-- What META has of the reply in the making.
local WORK_FIELDS = {'reply', 'trigger', 'claimed_ms', 'continues', 'revives', 'shown_in',
  'written', 'tokens', 'posting', 'speaker'}

-- The same in the first schema, which had it in WORK, by today's names.
local function first_work()
  local flat, now = call('HGETALL', WORK), {at_ms = 'claimed_ms', messages = 'shown_in'}
  for i = 1, #flat, 2 do flat[i] = now[flat[i]] or flat[i] end
  return flat
end

-- The reply in the making as a flat list, empty if there is none.
local function work()
  local sv = call('HGET', META, 'sv')
  if sv and sv ~= ARGV[1] and call('EXISTS', WORK) == 1 then return first_work() end
  local flat, values = {}, call('HMGET', META, unpack(WORK_FIELDS))
  for i, name in ipairs(WORK_FIELDS) do
    if values[i] then
      flat[#flat + 1], flat[#flat + 2] = name, values[i]
    end
  end
  return values[1] and flat or {}
end

-- Makes a scene of the first schema one of ours.
local function migrate()
  call('HSET', META, 'sv', SCHEMA, 'wide', WIDE)
  local line = newest_line()
  if line and (call('HGET', META, 'seen') or '') == '' then call('HSET', META, 'seen', line) end
  local noted, lease = first_work(), call('HMGET', LEASE, 'fence', 'owner', 'until_ms')
  if #noted > 0 then call('HSET', META, unpack(noted)) end
  if lease[1] then call('HSET', META, 'fence', lease[1]) end
  if lease[2] then call('HSET', META, 'holder', lease[2], 'until_ms', lease[3] or '') end
  call('DEL', WORK, LEASE)
end

-- An error if the data was written by a later version, which alone may change it.
-- `sv` is what META says, for those who know it.
local function refusal_of_later(sv)
  sv = sv or call('HGET', META, 'sv')
  local found = tonumber(sv or SCHEMA)
  if sv == ARGV[1] or (found and found <= SCHEMA) then return nil end
  return redis.error_reply('NEWERDATA the scene was written by a later version')
end

-- The same, and what an earlier version wrote is made ready for a change of ours,
-- after which that version leaves it alone.
local function refusal(sv)
  sv = sv or call('HGET', META, 'sv')
  local refused = refusal_of_later(sv)
  if not refused and sv and sv ~= ARGV[1] then migrate() end
  return refused
end

-- Reads fields of META, with `sv` before them, of a scene that was made ready for a
-- change if an earlier version wrote it. Beside them an error, if there is one.
local function ready(...)
  local found = call('HMGET', META, 'sv', ...)
  if not found[1] or found[1] == ARGV[1] then return found, nil end
  local refused = refusal(found[1])
  if refused then return found, refused end
  return call('HMGET', META, 'sv', ...), nil
end

local function lease_lost()
  return redis.error_reply('LEASELOST somebody else has taken the channel')
end

-- An error if somebody has taken the channel's lease since `fence` was given out.
-- '' stands for a caller without a lease. `sv` and `newest` are what META says.
local function fenced_off(fence, sv, newest)
  if not sv then newest = call('HGET', LEASE, 'fence') end
  if fence == '' or not newest or newest == fence or tonumber(newest) <= tonumber(fence) then
    return nil
  end
  return lease_lost()
end

local function exists()
  return call('EXISTS', META) == 1
end

-- The scene as it is now: head and players as flat lists.
local function head()
  local fields = call('HGETALL', META)
  local names = {}
  for i = 1, #fields, 2 do names[fields[i]] = fields[i + 1] end
  if names.sv and tonumber(names.sv) ~= SCHEMA and not names.seen then
    fields[#fields + 1] = 'seen'
    fields[#fields + 1] = newest_line() or ''
  end
  return {fields, call('HGETALL', PLAYERS)}
end

-- How long the channel is kept while it is silent: its guild may have chosen that.
local function ttl_ms()
  return tonumber(call('HGET', META, 'keep_ms') or ARGV[2])
end

-- What takes a change back keeps its own time.
local function renew()
  local ms = ttl_ms()
  for i = 1, 10 do call('PEXPIRE', KEYS[i], ms) end
end

-- The same for what happens in every turn, where so many commands would be much:
-- only once a tenth of the time of `key` is over, or if it was made just now. Till
-- then `made`, another key that this script may have made, gets the same time.
local function renew_if_due(key, made)
  local left, ms = call('PTTL', key), ttl_ms()
  if left < ms * 0.9 or left > ms then return renew() end
  if made then call('PEXPIRE', made, left) end
end

-- Ends a change of the scene.
local function changed()
  call('HINCRBY', META, 'ver', 1)
  renew()
end

-- Turns are not what `tag` stands for any more.
local function turns_changed()
  call('HDEL', META, 'tag')
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

-- The id of the turn that a message shows a part of, and its record. That of a
-- member's line is the message's own, in 20 digits; others stand in SHOWN.
local function shown_by(message)
  local id = call('HGET', SHOWN, message)
  if id then return id, call('HGET', TURNS, id) end
  id = string.rep('0', 20 - #message) .. message
  local record = call('HGET', TURNS, id)
  if not record or record == '' then return nil end
  local turn = decoded(record)
  if turn and not place_of(turn, message) then return nil end
  return id, record
end

local function forget_messages(record)
  for _, message in ipairs(record and record.messages or {}) do
    call('HDEL', SHOWN, message)
  end
end

-- Whether `id` comes behind all that the scene has. Then it is neither stored nor
-- too old. `floor` is what META says.
local function is_next(id, floor)
  local newest = call('LINDEX', ORDER, -1)
  return newest and newest < id and not (floor and id <= floor)
end

-- Whether a turn that is not stored comes from before what the scene remembers.
local function too_old(id, floor)
  if floor and id <= floor then return true end
  return call('LLEN', ORDER) >= KEEP and id < call('LINDEX', ORDER, 0)
end

-- Puts `id` in its place in ORDER. Returns how long that is now.
local function enter(id)
  for last = call('LLEN', ORDER) - 1, 0, -CHUNK do
    local ids = call('LRANGE', ORDER, math.max(0, last - CHUNK + 1), last)
    for i = #ids, 1, -1 do
      if ids[i] < id then return call('LINSERT', ORDER, 'AFTER', ids[i], id) end
    end
  end
  return call('LPUSH', ORDER, id)
end

-- Forgets so many of the oldest turns and remembers how far that went. Returns the
-- id of the last of them.
local function trim(surplus)
  local floor
  while surplus > 0 do
    local ids = call('LRANGE', ORDER, 0, math.min(surplus, CHUNK) - 1)
    for _, record in ipairs(call('HMGET', TURNS, unpack(ids))) do
      -- To look for them in the text is far cheaper than to decode it; what somebody
      -- wrote holds no quotes that are not escaped.
      local list = record and string.match(record, '"messages":%[([^%]]*)%]') or ''
      for message in string.gmatch(list, '"(%d+)"') do call('HDEL', SHOWN, message) end
    end
    call('HDEL', TURNS, unpack(ids))
    call('LTRIM', ORDER, #ids, -1)
    floor = ids[#ids]
    surplus = surplus - #ids
  end
  call('HSET', META, 'floor', floor)
  return floor
end

-- Writes a turn whose place is there, and of which messages (comma separated) SHOWN
-- has to say that they show it.
local function write(id, record, messages)
  call('HSET', TURNS, id, record)
  for message in string.gmatch(messages, '[^,]+') do call('HSET', SHOWN, message, id) end
end

-- Stores a new turn; `comes_next` if that is behind all others. Returns the id of
-- the last turn that had to make room; nil if none had. They go some at a time.
local function store(id, record, messages, comes_next)
  write(id, record, messages)
  local length = comes_next and call('RPUSH', ORDER, id) or enter(id)
  return length > KEEP and trim(length - KEEP + math.floor(KEEP / 50)) or nil
end

local function names(list, entry)
  return string.find(',' .. list .. ',', ',' .. entry .. ',', 1, true) ~= nil
end

-- Whether the message was deleted while it showed no stored turn. Only asked where
-- META has `early`, as few scenes do.
local function was_deleted(message)
  return call('LPOS', GONE, message) ~= false
end

-- Whether a message is newer than the newest seen. Both are decimal numbers.
local function is_newer(message, seen)
  return #message > #seen or (#message == #seen and message > seen)
end

-- Counts a change of turns in META, of which it was said that this is its `ver`;
-- fields and values in turn are written with it. Returns the new `tag`: with the
-- version, no two states of the turns ever have the same.
local function count_change(ver, write_name, ...)
  local version = string.format('%.0f', (tonumber(ver) or 0) + 1)
  local tag = write_name .. '-' .. version
  call('HSET', META, 'ver', version, 'tag', tag, ...)
  return tag
end

-- How long a fence is kept where there is no scene.
local LEFTOVER_MS = 60000

-- Lends the channel to one owner for a while, by this server's clock; with a `known`
-- fence, which is '' for none, only to who has it under that one already; with '+'
-- in front of it, to who had it, if this server has lost all of that. What is given
-- else is what META says. A scene of an earlier version is made ready only for
-- who gets it: the other may be a process of that version.
-- Returns the fence, or nil for who does not get it; whether this owner had it
-- already; and the fields that META has to get for it.
local function lend(owner, for_ms, known, sv, holder, until_ms, fence)
  local time = call('TIME')
  local now = time[1] .. string.sub('00000' .. time[2], -6, -4)
  if sv ~= ARGV[1] then
    local held = call('HMGET', LEASE, 'owner', 'until_ms', 'fence')
    holder, until_ms, fence = held[1], held[2], held[3]
  end
  local had_it = holder == owner
  local lost = string.match(known, '^%+(.+)$')
  if lost then
    if fence and tonumber(fence) >= tonumber(lost) then return nil end
    fence, had_it = lost, false
  elseif known ~= '' then
    if not (had_it and fence == known) then return nil end
  elseif not had_it then
    if holder and is_newer(until_ms or '', now) then return nil end
    -- The clock lets it grow even if a failover or a purge has lost the last one.
    fence = string.format('%.0f', math.max(tonumber(fence or '0') + 1, tonumber(now)))
  end
  local over_ms = string.format('%.0f', tonumber(now) + for_ms)
  if not sv then
    call('HSET', LEASE, 'owner', owner, 'fence', fence, 'until_ms', over_ms)
    call('PEXPIRE', LEASE, math.max(for_ms, LEFTOVER_MS))
    return fence, had_it, {}
  end
  if sv ~= ARGV[1] then migrate() end
  if had_it then return fence, true, {'until_ms', over_ms} end
  return fence, false, {'until_ms', over_ms, 'holder', owner, 'fence', fence}
end

-- Gives back the lease that `holder` has, if that is this owner. `sv` and `holder`
-- are what META says.
local function free(owner, sv, holder)
  if owner == '' then return end
  if not sv and call('HGET', LEASE, 'owner') == owner then
    call('HDEL', LEASE, 'owner', 'until_ms')
  elseif sv and holder == owner then
    call('HDEL', META, 'holder', 'until_ms')
  end
end

-- The lease, wherever it is: in META, or where no scene of ours is, in LEASE.
local function lease_left()
  local held = call('HMGET', META, 'holder', 'until_ms', 'fence')
  if not held[3] then held = call('HMGET', LEASE, 'owner', 'until_ms', 'fence') end
  return {owner = held[1], until_ms = held[2] or '', fence = held[3]}
end

-- Notes that these users' index names this channel.
local function note_listed(users)
  local listed = call('HGET', META, 'listed') or ''
  for _, user in ipairs(users) do
    if not names(listed, user) then listed = listed .. (listed ~= '' and ',' or '') .. user end
  end
  call('HSET', META, 'listed', listed)
end

-- The users whose index may not name this channel: of `author` ('' is nobody),
-- and with `all` of everybody the scene knows. Earlier versions kept no index.
local function unlisted(author, all)
  local listed, found = call('HGET', META, 'listed') or '', {}
  local function look_at(user)
    if user ~= '' and not names(listed, user) then
      found[#found + 1] = user
      listed = listed .. ',' .. user
    end
  end
  look_at(author)
  if not all then return found end
  look_at(call('HGET', META, 'owner') or '')
  for _, user in ipairs(call('HKEYS', PLAYERS)) do look_at(user) end
  for _, record in ipairs(call('HVALS', TURNS)) do
    for user in string.gmatch(record, '"author":"(%d+)"') do look_at(user) end
  end
  return found
end

-- Writes a token count (JSON) beside a turn. To put it in front of a record that
-- has none yet is far cheaper than to decode and encode it.
local function count_tokens(id, count)
  local record = call('HGET', TURNS, id)
  if not record or string.sub(record, 1, 2) ~= '{"' then return end
  if not string.find(record, '"count":', 1, true) then
    return call('HSET', TURNS, id, '{"count":' .. count .. ',' .. string.sub(record, 2))
  end
  local turn = decoded(record)
  if not turn then return end
  turn.count = cjson.decode(count)
  call('HSET', TURNS, id, cjson.encode(turn))
end

-- The given turn as it shows still: without messages that were deleted, and their
-- parts. nil if nothing of it does.
local function still_shown(given)
  for place = #(given.messages or {}), 1, -1 do
    if was_deleted(given.messages[place]) then
      local parts = parts_of(given)
      if not parts or #parts == 1 then return nil end
      table.remove(given.messages, place)
      table.remove(parts, place)
      show_parts(given, parts)
    end
  end
  return given
end

-- A turn has as many texts at most; of more the oldest go.
local MOST_SWIPES = 10

-- Gives a stored turn the text, the facts and the messages of another; `beside` if
-- the text is one more. Returns whether anything differs now.
local function replace(id, turn, given, write_name, beside)
  local text, shown, parts = given.swipes[given.current + 1], given.messages or {}, given.parts
  if beside then
    turn.swipes[#turn.swipes + 1] = text
    if #turn.swipes > MOST_SWIPES then table.remove(turn.swipes, 1) end
    turn.current = #turn.swipes - 1
  end
  local same = not beside and table.concat(turn.messages or {}, ',') == table.concat(shown, ',')
    and table.concat(turn.parts or {}, '\0') == table.concat(parts or {}, '\0')
    and turn.swipes[turn.current + 1] == text
  if not same then
    forget_messages(turn)
    turn.swipes[turn.current + 1] = text
    turn.messages, turn.parts, turn.edits = given.messages, parts, nil
    for _, message in ipairs(shown) do call('HSET', SHOWN, message, id) end
  end
  if tonumber(turn.edited_ms or '0') < tonumber(given.edited_ms or '0') then
    turn.edited_ms, turn.edits = given.edited_ms, nil
  end
  turn.write = write_name
  if given.facts then turn.facts = given.facts end
  call('HSET', TURNS, id, cjson.encode(turn))
  return not same
end

-- Stores a reply of which that is not just to add it: something of it may have been
-- deleted, or it is `before` (`stored` as a record) that gets a new text. Returns
-- whether anything differs now.
local function settle(id, before, stored, record, write_name, beside)
  local given = still_shown(decoded(record))
  if given and before then return replace(id, before, given, write_name, beside) end
  if not given then forget_messages(before) end
  record = given and cjson.encode(given) or ''
  local messages = given and table.concat(given.messages or {}, ',') or ''
  if stored then write(id, record, messages) else store(id, record, messages) end
  return true
end
