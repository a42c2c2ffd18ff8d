#!lua
-- Remembers a member's line, once and in its place.
-- ARGV: turn id, record, name of this write, user id of a player or '', the
--       user's name, user id of the author or '', the message or '', users whose
--       index names this channel by now
-- Returns {status, head, players}, without the last two if no scene is live;
-- or {'unlisted', users} and has stored nothing, if some index has to be
-- written first.
local refused = refusal()
if refused then return refused end
local id, record, write_name, user, name = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local author, message = ARGV[9], ARGV[10]

if redis.call('HGET', META, 'live') ~= '1' then return {'no scene'} end
local status = 'stored'
local found = redis.call('HGET', TURNS, id)
if found then
  -- Our own write whose answer was lost is not a duplicate: nobody acted on it.
  local turn = decoded(found)
  if not turn or turn.write ~= write_name then status = 'duplicate' end
elseif message ~= '' and was_deleted(message) then
  status = 'duplicate'
elseif too_old(id) then
  status = 'too old'
else
  local is_old = redis.call('HEXISTS', META, 'listed') == 0
  if is_old or #ARGV > 10 then note_listed({unpack(ARGV, 11)}) end
  local users = unlisted(author, is_old)
  if #users > 0 then
    if is_old then redis.call('HDEL', META, 'listed') end
    return {'unlisted', users}
  end
  store(id, record)
  if user ~= '' then redis.call('HSET', PLAYERS, user, name) end
  changed({TURNS, ORDER, SHOWN, PLAYERS})
end
if message ~= '' then see(message) end
return {status, unpack(head())}
