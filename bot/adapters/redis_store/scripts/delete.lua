#!lua flags=allow-oom
-- Forgets the turns that messages show; a tombstone stays, so that the same
-- message delivered again is known. A reply in the making whose trigger goes
-- answers what is left of the lines before it. Runs when memory is full, too.
-- ARGV: message ids
-- Returns the ids of the turns.
local refused = refusal()
if refused then return refused end

-- The newest line before `id` that no reply stands behind; nil if there is none.
local function line_left(id)
  for last = redis.call('LLEN', ORDER) - 1, 0, -CHUNK do
    local ids = redis.call('LRANGE', ORDER, math.max(0, last - CHUNK + 1), last)
    for i = #ids, 1, -1 do
      local turn = ids[i] < id and decoded(redis.call('HGET', TURNS, ids[i]))
      if turn and turn.role == 'character' then return nil end
      if turn and turn.role == 'player' then return ids[i] end
    end
  end
end

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
if #gone == 0 then return gone end
local trigger = redis.call('HGET', WORK, 'trigger')
local left = trigger and redis.call('HGET', TURNS, trigger) == '' and line_left(trigger)
if left then redis.call('HSET', WORK, 'trigger', left) end
changed()
return gone
