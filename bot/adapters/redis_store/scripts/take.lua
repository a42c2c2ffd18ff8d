#!lua
-- Lends the channel to one owner and notes the reply in the making. A claim for
-- the line that the noted reply answers keeps what that one has. One for another
-- line takes its place, but not while it shows.
-- A reply that was deleted may be stored again by this claim. Not so by the
-- same claim run twice: the deletion may lie between.
-- ARGV: owner, for_ms, '1' to forget what was written, reply, trigger, at_ms,
--       '1' if a stored reply goes on, what is written or '', its tokens, the
--       mark of a post that may be under way or '', message ids
-- Returns nil while another owner has the lease, else {fence, '1' if claimed or
-- '', work}, the last empty where there is none.
local meta = call('HMGET', META, 'sv', 'live')
local refused = refusal_of_later(meta[1])
if refused then return refused end
local anew, reply, trigger, at_ms = ARGV[6] == '1', ARGV[7], ARGV[8], ARGV[9]
local written, tokens, posting = ARGV[11], ARGV[12], ARGV[13]

local fence = lend(ARGV[4], tonumber(ARGV[5]), meta[1])
if not fence then return nil end
local noted = call('HMGET', WORK, 'reply', 'trigger', 'at_ms', 'revives', 'messages',
  'written', 'tokens', 'posting')
local shown, under_way = noted[5] or '', noted[8] or ''
local goes_on = noted[1] and noted[2] == trigger
local is_in_the_way = noted[1] and not goes_on and (shown ~= '' or under_way ~= '')
if is_in_the_way or meta[2] ~= '1' then return {fence, '', call('HGETALL', WORK)} end

local messages, known = {}, {}
local function add(message)
  if not known[message] then
    known[message] = true
    messages[#messages + 1] = message
  end
end
if goes_on then
  for message in string.gmatch(shown, '[^,]+') do add(message) end
  if written == '' and not anew then written, tokens = noted[6] or '', noted[7] or '0' end
  if posting == '' then posting = under_way end
end
for i = 14, #ARGV do add(ARGV[i]) end
local revives = call('HGET', TURNS, reply) == '' and '1' or ''
if noted[1] == reply and noted[3] == at_ms then revives = noted[4] or '' end
local work = {'reply', reply, 'trigger', trigger, 'at_ms', at_ms, 'continues', ARGV[10],
  'revives', revives, 'messages', table.concat(messages, ','), 'written', written,
  'tokens', tokens, 'posting', posting}
call('HSET', WORK, unpack(work))
renew_if_due(META, WORK)
return {fence, '1', work}
