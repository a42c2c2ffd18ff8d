#!lua flags=allow-oom
-- Tells whether the channel holds anything of a user. If not, their index no
-- longer counts as naming it: their next line writes the index anew.
-- ARGV: user
-- Returns 1 or 0.
if refusal_of_later() then return 1 end
local user = ARGV[4]

if not exists() then return 0 end
if call('HGET', META, 'owner') == user then return 1 end
if call('HEXISTS', PLAYERS, user) == 1 then return 1 end
-- Copies hold records as texts, whose quotes are escaped there.
local function names_user(record)
  return string.find(record, '"author":"' .. user .. '"', 1, true)
    or string.find(record, '\\"author\\":\\"' .. user .. '\\"', 1, true)
    or string.find(record, '"owner":"' .. user .. '"', 1, true)
    or string.find(record, '"' .. user .. '":"', 1, true) -- among its players
end
for _, record in ipairs(call('HVALS', TURNS)) do
  if names_user(record) then return 1 end
end
for _, copy in ipairs(call('HVALS', SAVES)) do
  if names_user(copy) then return 1 end
end
if names_user(call('GET', UNDO) or '') then return 1 end
local left = {}
for other in string.gmatch(call('HGET', META, 'listed') or '', '[^,]+') do
  if other ~= user then left[#left + 1] = other end
end
if call('HEXISTS', META, 'listed') == 1 then
  call('HSET', META, 'listed', table.concat(left, ','))
end
return 0
