#!lua flags=allow-oom
-- Forgets the turns that messages show; a tombstone stays, so that the same
-- message delivered again is known. Runs when memory is full, too.
-- ARGV: message ids
-- Returns the ids of the turns.
local refused = refusal()
if refused then return refused end

local gone = {}
for i = 4, #ARGV do
  local id = redis.call('HGET', SHOWN, ARGV[i])
  if id then
    forget_messages(decoded(redis.call('HGET', TURNS, id)))
    redis.call('HDEL', SHOWN, ARGV[i])
    redis.call('HSET', TURNS, id, '')
    gone[#gone + 1] = id
  end
end
if #gone > 0 then changed() end
return gone
