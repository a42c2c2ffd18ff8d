#!lua
-- Stores a finished reply, or gives the stored one its new text, facts and messages
-- (a swipe beside those it has), drops its work, and may give the lease back. A reply that was deleted or trimmed
-- since its claim stays away, and so do messages of it that were deleted.
-- ARGV: turn id, record, fence or '', with '+' in front of it if it was stored and may
--       have been lost, name of this write, owner who gives the
--       lease back or '', newest message seen or '', messages (comma separated),
--       first turn that goes into the prompt or '', the message with the buttons
--       for the newest reply or '', turn ids and their counts (JSON)
-- Returns {the tag before, the new one, id of the last turn that made room or ''} if
-- the given turn was just added, with the counts; else {}.
local id, record, write_name, seen, messages = ARGV[4], ARGV[5], ARGV[7], ARGV[9], ARGV[10]
local meta, refused = ready('ver', 'floor', 'seen', 'next_length', 'tag', 'early', 'cut', 'fence',
  'holder', 'reply', 'revives', 'continues', 'instruction', 'note_once', 'row')
if refused then return refused end
local comes_next = is_next(id, meta[3])
local stored = not comes_next and call('HGET', TURNS, id)
local before = decoded(stored)
-- Our own write whose answer was lost: all of it is done, whoever came since.
if before and before.write == write_name then return {} end
local lost, fence = string.match(ARGV[6], '^(%+?)(.*)$')
refused = fenced_off(fence, meta[1], meta[9])
if refused then return refused end
-- What has given the lease back was not lost, whatever became of the turn since.
if lost ~= '' and ARGV[8] ~= '' and meta[10] ~= ARGV[8] then return {} end
if not meta[1] then
  free(ARGV[8])
  return {}
end

local was_claimed = meta[11] == id
local revives = was_claimed and stored == '' and meta[12] == '1'
local is_new = comes_next or revives or (not stored and not too_old(id, meta[3]))
local is_whole = true
if meta[7] then
  for message in string.gmatch(messages, '[^,]+') do
    if was_deleted(message) then is_whole = false end
  end
end
local differs, made_room = is_new, nil
if is_new and is_whole then
  if revives then write(id, record, messages)
  else made_room = store(id, record, messages, comes_next) end
elseif is_new or before then
  differs = settle(id, before, stored, record, write_name, was_claimed and meta[13] == 'swipe')
end
local over = was_claimed and {unpack(WORK_FIELDS)} or {}
if ARGV[8] ~= '' and meta[10] == ARGV[8] then
  over[#over + 1], over[#over + 2] = 'holder', 'until_ms'
end
if #over > 0 then call('HDEL', META, unpack(over)) end
for i = 13, #ARGV, 2 do count_tokens(ARGV[i], ARGV[i + 1]) end

local fields = {}
-- Only once for a reply: a repeated commit must not use up a later choice.
local function set(field, value)
  fields[#fields + 1], fields[#fields + 2] = field, value
end
if was_claimed and meta[13] ~= 'show' or is_new and not was_claimed then
  if (meta[5] or '') ~= '' then
    set('next_length', '')
    differs = true
  end
  if (meta[14] or '') ~= '' then
    set('instruction', '')
    differs = true
  end
  if meta[15] == '1' then
    set('note', '')
    set('note_once', '')
    differs = true
  end
end
if seen ~= '' and is_newer(seen, meta[4] or '') then
  set('seen', seen)
end
if ARGV[11] ~= '' and ARGV[11] ~= meta[8] then
  set('cut', ARGV[11])
  differs = true
end
if ARGV[12] ~= '' and ARGV[12] ~= meta[16] then
  set('row', ARGV[12])
  set('old_row', meta[16] or '')
end
local answer = {}
if differs then
  local tag = count_change(meta[2], write_name, unpack(fields))
  if is_new and is_whole then answer = {meta[6] or '', tag, made_room or ''} end
else
  call('HSET', META, 'tag', '', unpack(fields))
end
if comes_next then renew_if_due(messages ~= '' and SHOWN or META) else renew() end
return answer
