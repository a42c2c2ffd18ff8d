#!lua
-- Writes something about stored turns beside them. No change of the story:
-- neither its version nor its expiry moves.
-- ARGV: field, then turn ids and values in turn; a value is JSON
-- Returns how many turns were there.
local refused = refusal_of_later()
if refused then return refused end
local field, found = ARGV[4], 0

for i = 5, #ARGV, 2 do
  local turn = decoded(call('HGET', TURNS, ARGV[i]))
  if turn then
    turn[field] = cjson.decode(ARGV[i + 1])
    call('HSET', TURNS, ARGV[i], cjson.encode(turn))
    found = found + 1
  end
end
if found > 0 then turns_changed() end
return found
