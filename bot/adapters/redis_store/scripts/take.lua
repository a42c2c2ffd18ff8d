#!lua
-- Lends the channel to one owner and notes the reply in the making. A claim for
-- the line that the noted reply answers keeps what that one has. One for another
-- line takes its place, but not while it shows.
-- A reply that was deleted may be stored again by this claim. Not so by the
-- same claim run twice: the deletion may lie between.
-- ARGV: owner, for_ms, '1' to forget what was written, reply, trigger, at_ms,
--       its kind, what is written or '', its tokens, the mark of a post that may
--       be under way or '', who speaks or '', '1' to change nothing if the line is
--       answered, the fence under which this owner has the lease or '', message ids
-- Returns nil while another owner has the lease, else {fence, '1' if claimed or
-- '2' if answered or '', work}, the last empty where there is none.
local function found()
  return call('HMGET', META, 'sv', 'holder', 'until_ms', 'fence', 'live', 'reply', 'trigger',
    'claimed_ms', 'revives', 'shown_in', 'written', 'tokens', 'posting', 'continues')
end
local meta = found()
local refused = refusal_of_later(meta[1])
if refused then return refused end
local anew, reply, trigger, at_ms = ARGV[6] == '1', ARGV[7], ARGV[8], ARGV[9]
local written, tokens, posting, held = ARGV[11], ARGV[12], ARGV[13], ARGV[16]

-- Whether a reply to the line, or to a later one, is stored, and it is not noted that
-- this is to be made of it. To look for its role in the text is far cheaper than to
-- decode it; what somebody wrote holds no quotes that are not escaped.
local function is_answered()
  local newest = call('LINDEX', ORDER, -1)
  if not newest or newest <= trigger then return false end
  if meta[6] == reply and (meta[14] or '') == ARGV[10] then return false end
  for last = call('LLEN', ORDER) - 1, 0, -CHUNK do
    local ids = call('LRANGE', ORDER, math.max(0, last - CHUNK + 1), last)
    for i = #ids, 1, -1 do
      if ids[i] <= trigger then return false end
      local record = call('HGET', TURNS, ids[i]) or ''
      if string.find(record, '"role":"character"', 1, true) then return true end
    end
  end
  return false
end

local fence, _, fields = lend(ARGV[4], tonumber(ARGV[5]), held, unpack(meta, 1, 4))
if not fence then return held ~= '' and lease_lost() or nil end
if meta[1] and meta[1] ~= ARGV[1] then meta = found() end
if ARGV[15] == '1' and meta[5] == '1' and is_answered() then return {fence, '2', work()} end
local noted, shown, under_way = meta[6], meta[10] or '', meta[13] or ''
local goes_on = noted and meta[7] == trigger
local is_in_the_way = noted and not goes_on and (shown ~= '' or under_way ~= '')
if is_in_the_way or meta[5] ~= '1' then
  if #fields > 0 then call('HSET', META, unpack(fields)) end
  return {fence, '', work()}
end

local messages, known = {}, {}
local function add(message)
  if not known[message] then
    known[message] = true
    messages[#messages + 1] = message
  end
end
if goes_on then
  for message in string.gmatch(shown, '[^,]+') do add(message) end
  if written == '' and not anew then written, tokens = meta[11] or '', meta[12] or '' end
  if posting == '' then posting = under_way end
end
for i = 17, #ARGV do add(ARGV[i]) end
local revives = call('HGET', TURNS, reply) == '' and '1' or ''
if noted == reply and meta[8] == at_ms then revives = meta[9] or '' end
-- Fields that would be empty are left out: most are, and each costs time.
local claimed = {'reply', reply, 'trigger', trigger, 'claimed_ms', at_ms}
local function note(field, value)
  if value ~= '' then
    claimed[#claimed + 1], claimed[#claimed + 2] = field, value
  end
end
note('continues', ARGV[10])
note('revives', revives)
note('shown_in', table.concat(messages, ','))
note('written', written)
note('tokens', tokens)
note('posting', posting)
note('speaker', ARGV[14])
if noted then call('HDEL', META, unpack(WORK_FIELDS)) end
local given = #claimed
for i, value in ipairs(fields) do claimed[given + i] = value end
call('HSET', META, unpack(claimed))
return {fence, '1', {unpack(claimed, 1, given)}}
