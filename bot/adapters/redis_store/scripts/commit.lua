#!lua
-- Stores a finished reply, or gives the stored one its new text and messages,
-- and drops its work. A reply that was deleted or trimmed since its claim stays
-- away.
-- ARGV: turn id, record, fence or ''
-- Returns 1, or 0 if there is no scene.
local refused = refusal() or fenced_off(ARGV[6])
if refused then return refused end
local id, record = ARGV[4], ARGV[5]

-- Returns whether anything differs now.
local function replace(turn)
  local given = decoded(record)
  local text, shown = given.swipes[given.current + 1], given.messages or {}
  local same = table.concat(turn.messages or {}, ',') == table.concat(shown, ',')
  if same and turn.swipes[turn.current + 1] == text then return false end
  forget_messages(turn)
  turn.swipes[turn.current + 1] = text
  turn.messages = given.messages
  redis.call('HSET', TURNS, id, cjson.encode(turn))
  for _, message in ipairs(shown) do redis.call('HSET', SHOWN, message, id) end
  return true
end

if not exists() then return 0 end
local found = redis.call('HGET', TURNS, id)
local was_claimed = redis.call('HGET', WORK, 'reply') == id
local revives = was_claimed and found == '' and redis.call('HGET', WORK, 'revives') == '1'
local is_new = revives or (not found and not too_old(id))
local differs = is_new
if revives then
  write(id, record)
elseif is_new then
  store(id, record)
elseif decoded(found) then
  differs = replace(decoded(found))
end
if was_claimed then redis.call('DEL', WORK) end
-- Only once for a reply: a repeated commit must not use up a later choice.
if (is_new or was_claimed) and (redis.call('HGET', META, 'next_length') or '') ~= '' then
  redis.call('HSET', META, 'next_length', '')
  differs = true
end
local made = {TURNS, ORDER, SHOWN}
if differs then changed(made) else renew_if_due(made) end
return 1
