#!lua
-- Gives the turn that a message shows a new text, unless a newer one is there.
-- ARGV: message id, text, at_ms
-- Returns 1 if the message shows a member's turn, else 0.
local refused = refusal()
if refused then return refused end
local message, text, at_ms = ARGV[4], ARGV[5], ARGV[6]

local id = redis.call('HGET', SHOWN, message)
local turn = id and decoded(redis.call('HGET', TURNS, id))
if not turn or turn.role == 'character' then return 0 end
local known_ms = tonumber(turn.edited_ms or '0')
local place = turn.current + 1
if tonumber(at_ms) < known_ms then return 1 end
if tonumber(at_ms) == known_ms and turn.swipes[place] == text then return 1 end
turn.swipes[place] = text
turn.edited_ms = at_ms
redis.call('HSET', TURNS, id, cjson.encode(turn))
changed()
return 1
