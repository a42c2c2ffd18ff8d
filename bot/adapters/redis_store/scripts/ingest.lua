#!lua
-- Remembers a member's line, once and in its place.
-- ARGV: turn id, record, name of this write, user id or '', the user's name
-- Returns {status, head, players}, without the last two if no scene is live.
local refused = refusal()
if refused then return refused end
local id, record, write, user, name = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]

if redis.call('HGET', META, 'live') ~= '1' then return {'no scene'} end
local status = 'stored'
local found = redis.call('HGET', TURNS, id)
if found then
  -- Our own write whose answer was lost is not a duplicate: nobody acted on it.
  local turn = decoded(found)
  if not turn or turn.write ~= write then status = 'duplicate' end
elseif too_old(id) then
  status = 'too old'
else
  store(id, record)
  if user ~= '' then redis.call('HSET', PLAYERS, user, name) end
  changed()
end
return {status, unpack(head())}
