#!lua
-- Remembers a member's line, once and in its place.
-- ARGV: turn id, record, name of this write, user id of a player or '', the
--       user's name, user id of the author or '', the newest message that shows
--       it or '', those (comma separated) by which it is not named, newest message
--       seen or '', when it was written in ms, users whose index names this channel
--       by now
-- Returns {status}, with the tag before and the new one if it was stored now; or
-- {'unlisted', users} and has stored nothing, if some index has to be written
-- first.
local id, record, write_name, user, name = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local author, message, messages, seen = ARGV[9], ARGV[10], ARGV[11], ARGV[12]
local written_ms = tonumber(ARGV[13])
local meta, refused = ready('live', 'ver', 'floor', 'seen', 'listed', 'tag', 'early',
  'started_ms', 'resumed_ms')
if refused then return refused end
if meta[2] ~= '1' then return {'no scene'} end

local is_seen = seen == '' or not is_newer(seen, meta[5] or '')
local comes_next = is_next(id, meta[4])
-- The story may have begun, or gone on, while the line was on its way.
local is_before = written_ms <= math.max(tonumber(meta[9]) or 0, tonumber(meta[10]) or 0)
local found = not comes_next and call('HGET', TURNS, id)
local status = 'stored'
if found then
  -- Our own write whose answer was lost is not a duplicate: nobody acted on it.
  local turn = decoded(found)
  if not turn or turn.write ~= write_name then status = 'duplicate' end
elseif meta[8] and message ~= '' and was_deleted(message) then
  status = 'duplicate'
elseif message ~= '' and (call('HGET', SHOWN, message) or id) ~= id then
  status = 'duplicate'  -- it stands for another line
elseif is_before or (not comes_next and too_old(id, meta[4])) then
  status = 'too old'
else
  local listed = meta[6]
  if not listed or (author ~= '' and not names(listed, author)) then
    if not listed or #ARGV > 13 then note_listed({unpack(ARGV, 14)}) end
    local users = unlisted(author, not listed)
    if #users > 0 then
      if not listed then call('HDEL', META, 'listed') end
      return {'unlisted', users}
    end
  end
  store(id, record, messages, comes_next)
  local made
  if user ~= '' and call('HGET', PLAYERS, user) ~= name then
    call('HSET', PLAYERS, user, name)
    made = PLAYERS
  end
  local tag
  if is_seen then
    tag = count_change(meta[3], write_name)
  else
    tag = count_change(meta[3], write_name, 'seen', seen)
  end
  if comes_next then renew_if_due(messages ~= '' and SHOWN or META, made) else renew() end
  return {status, meta[7] or '', tag}
end
if not is_seen then call('HSET', META, 'seen', seen) end
return {status}
