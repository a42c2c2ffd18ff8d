#!lua
-- Gives what a message shows of a turn a new text, unless a newer one is there.
-- Each of several messages has a time of its own: their edits come in any order.
-- ARGV: message id, text, at_ms
-- Returns 1 if the message shows a turn that is not in the making, else 0.
local refused = refusal()
if refused then return refused end
local message, text, at_ms = ARGV[4], ARGV[5], ARGV[6]

local id, record = shown_by(message)
local turn = decoded(record)
local parts = turn and parts_of(turn)
local place = parts and place_of(turn, message)
if not place then return 0 end
local making = call('HMGET', META, 'reply', 'shown_in')
if making[1] == id or names(making[2] or '', message) then return 0 end

local newest_ms = turn.edited_ms or '0'
local known_ms = tonumber(turn.edits and turn.edits[message] or newest_ms)
if tonumber(at_ms) < known_ms then return 1 end
if tonumber(at_ms) == known_ms and parts[place] == text then return 1 end
if #parts > 1 and not turn.edits then
  turn.edits = {}
  for _, each in ipairs(turn.messages) do turn.edits[each] = newest_ms end
end
if turn.edits then turn.edits[message] = at_ms end
if tonumber(newest_ms) < tonumber(at_ms) then turn.edited_ms = at_ms end
if parts[place] ~= text then  -- else how the parts were joined stays, too
  parts[place] = text
  show_parts(turn, parts)
end
call('HSET', TURNS, id, cjson.encode(turn))
turns_changed()
changed()
return 1
