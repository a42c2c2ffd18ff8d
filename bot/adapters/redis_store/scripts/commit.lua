#!lua
-- Stores a finished reply, or gives the stored one its new text and messages,
-- drops its work, and may give the lease back. A reply that was deleted or trimmed
-- since its claim stays away, and so do messages of it that were deleted.
-- ARGV: turn id, record, fence or '', name of this write, owner who gives the
--       lease back or '', newest message seen or '', messages (comma separated),
--       turn ids and their counts
-- Returns 1, or 0 if there is no scene.
local id, record, write_name, seen, messages = ARGV[4], ARGV[5], ARGV[7], ARGV[9], ARGV[10]
local meta = redis.call('HMGET', META, 'sv', 'ver', 'floor', 'seen', 'next_length')
local refused = refusal(meta[1])
if refused then return refused end
local stored = redis.call('HGET', TURNS, id)
local before = decoded(stored)
-- Our own write whose answer was lost: all of it is done, whoever came since.
if before and before.write == write_name then return 1 end
local lease = redis.call('HMGET', LEASE, 'fence', 'owner')
refused = fenced_off(ARGV[6], lease[1])
if refused then return refused end
free(ARGV[8], lease[2])
if not meta[1] and not exists() then return 0 end
local length = redis.call('LLEN', ORDER)

-- The given turn as it shows still; nil if nothing of it does.
local function still_shown()
  local given = decoded(record)
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

-- Returns whether anything differs now.
local function replace(turn, given)
  local text, shown, parts = given.swipes[given.current + 1], given.messages or {}, given.parts
  local same = table.concat(turn.messages or {}, ',') == table.concat(shown, ',')
    and table.concat(turn.parts or {}, '\0') == table.concat(parts or {}, '\0')
    and turn.swipes[turn.current + 1] == text
  if not same then
    forget_messages(turn)
    turn.swipes[turn.current + 1] = text
    turn.messages, turn.parts, turn.edits = given.messages, parts, nil
    for _, message in ipairs(shown) do redis.call('HSET', SHOWN, message, id) end
  end
  if tonumber(turn.edited_ms or '0') < tonumber(given.edited_ms or '0') then
    turn.edited_ms, turn.edits = given.edited_ms, nil
  end
  turn.write = write_name
  redis.call('HSET', TURNS, id, cjson.encode(turn))
  return not same
end

-- Nothing shows it any more: as if it had been stored and deleted.
local function bury()
  forget_messages(before)
  if stored then return redis.call('HSET', TURNS, id, '') end
  store(id, '', '', length)
end

local work = redis.call('HMGET', WORK, 'reply', 'revives')
local was_claimed = work[1] == id
local revives = was_claimed and stored == '' and work[2] == '1'
local is_new = revives or (not stored and not too_old(id, meta[3], length))
local differs, given = is_new, nil
local is_whole = true
for message in string.gmatch(messages, '[^,]+') do
  if was_deleted(message) then is_whole = false end
end
if before or not is_whole then given = still_shown() end
if not is_whole and given then
  record, messages = cjson.encode(given), table.concat(given.messages, ',')
end
if not is_whole and not given then
  differs = is_new or before ~= nil
  if differs then bury() end
elseif revives then
  write(id, record, messages)
elseif is_new then
  store(id, record, messages, length)
elseif before then
  differs = replace(before, given)
end
if was_claimed then redis.call('DEL', WORK) end
for i = 11, #ARGV, 2 do
  local turn = decoded(redis.call('HGET', TURNS, ARGV[i]))
  if turn then
    turn.count = ARGV[i + 1]
    redis.call('HSET', TURNS, ARGV[i], cjson.encode(turn))
  end
end
local fields = {}
-- Only once for a reply: a repeated commit must not use up a later choice.
if (is_new or was_claimed) and (meta[5] or '') ~= '' then
  fields, differs = {'next_length', ''}, true
end
if seen ~= '' and is_newer(seen, meta[4] or '') then
  fields[#fields + 1], fields[#fields + 2] = 'seen', seen
end
if differs then
  count_change(meta[2], unpack(fields))
elseif #fields > 0 then
  redis.call('HSET', META, unpack(fields))
end
renew_if_due(length == 0 and {TURNS, ORDER, SHOWN} or {SHOWN})
return 1
