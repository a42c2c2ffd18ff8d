#!lua
-- Changes one field of a scene's head.
-- ARGV: field, value, fence or ''
-- Returns {head, players}, or nil if there is no scene.
local refused = refusal() or fenced_off(ARGV[6])
if refused then return refused end
local field, value = ARGV[4], ARGV[5]

if not exists() then return nil end
if call('HGET', META, field) ~= value then
  call('HSET', META, field, value)
  changed()
end
return head()
