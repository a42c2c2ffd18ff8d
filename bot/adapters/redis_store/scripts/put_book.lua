#!lua
-- Writes a lorebook, or removes it, if the one that is there is the one that the
-- writer knew. Run twice it has the effect of once. Returns whether it is so now.
-- KEYS: the books, and of a channel its meta: they are kept as long as its story is
-- ARGV: name, text or '', text before or '', usual life in ms
local before = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if before ~= ARGV[2] then
  if before ~= ARGV[3] then return 0 end
  if ARGV[2] == '' then
    redis.call('HDEL', KEYS[1], ARGV[1])
  else
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  end
end
if KEYS[2] then
  redis.call('PEXPIRE', KEYS[1], redis.call('HGET', KEYS[2], 'keep_ms') or ARGV[4])
end
return 1
