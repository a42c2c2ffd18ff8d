#!lua
-- Remembers a member's line, once and in its place.
-- ARGV: turn id, record, name of this write, user id of a player or '', the
--       user's name, user id of the author or '', the newest message that shows
--       it or '', all of them (comma separated), users whose index names this
--       channel by now
-- Returns {status}; or {'unlisted', users} and has stored nothing, if some index
-- has to be written first.
local id, record, write_name, user, name = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local author, message = ARGV[9], ARGV[10]
local meta = redis.call('HMGET', META, 'sv', 'live', 'ver', 'floor', 'seen', 'listed')
local refused = refusal(meta[1])
if refused then return refused end
if meta[2] ~= '1' then return {'no scene'} end

local is_seen = message == '' or not is_newer(message, meta[5] or '')
local length = redis.call('LLEN', ORDER)
local found = redis.call('HGET', TURNS, id)
local status = 'stored'
if found then
  -- Our own write whose answer was lost is not a duplicate: nobody acted on it.
  local turn = decoded(found)
  if not turn or turn.write ~= write_name then status = 'duplicate' end
elseif message ~= '' and was_deleted(message) then
  status = 'duplicate'
elseif too_old(id, meta[4], length) then
  status = 'too old'
else
  local listed = meta[6]
  if not listed or (author ~= '' and not names(listed, author)) then
    if not listed or #ARGV > 11 then note_listed({unpack(ARGV, 12)}) end
    local users = unlisted(author, not listed)
    if #users > 0 then
      if not listed then redis.call('HDEL', META, 'listed') end
      return {'unlisted', users}
    end
  end
  store(id, record, ARGV[11], length)
  local made = length == 0 and {TURNS, ORDER, SHOWN} or {SHOWN}
  if user ~= '' and redis.call('HSET', PLAYERS, user, name) == 1 then made[#made + 1] = PLAYERS end
  if is_seen then count_change(meta[3]) else count_change(meta[3], 'seen', message) end
  renew_if_due(made)
  return {status}
end
if not is_seen then redis.call('HSET', META, 'seen', message) end
return {status}
