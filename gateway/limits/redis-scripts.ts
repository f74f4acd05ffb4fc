// What Redis (or Valkey) runs for the limits: each script is one step that no other replica can come between. Time is the store's
// own, so replicas need not agree on it; every key expires by itself.

export interface Script {
  readonly name: string
  readonly text: string
}

const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/** A window is a hash of what was used and when it ends; its end is also what tells it from the next one. */
const readWindow = `
local function readWindow(key)
  local found = redis.call('HMGET', key, 'used', 'ends')
  local ends = tonumber(found[2] or 0)
  if ends > now then return tonumber(found[1] or 0), ends end
  return 0, 0
end
local function beginWindow(key, amount, windowMs)
  local ends = now + windowMs
  redis.call('HSET', key, 'used', amount, 'ends', ends)
  redis.call('PEXPIREAT', key, ends)
  return ends
end
`

/**
 * ARGV: slot, lease, then for each key its kind, max, windowMs, want, need, acts. Looks at all of it before it takes any.
 * Answers {1, granted, window, ...} in order, with -1 for what does not act and is short; or {0, index, wait}, wait -1 for never.
 */
export const takeScript: Script = {
  name: 'take',
  text: `${now}${readWindow}
local slot, lease = ARGV[1], tonumber(ARGV[2])
local asks, short, longest = {}, nil, nil
for i, key in ipairs(KEYS) do
  local at = 2 + (i - 1) * 6
  local ask = { key = key, kind = ARGV[at + 1], windowMs = tonumber(ARGV[at + 3]), ends = 0 }
  local max, want, need = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  local used = 0
  if ask.kind == 'Slot' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    used = redis.call('ZCARD', key)
  else
    used, ask.ends = readWindow(key)
  end
  ask.granted = math.max(0, math.min(want, max - used))
  if ask.granted < need then
    ask.granted = -1
    if ARGV[at + 6] == '1' then
      local wait = -1
      if ask.ends > 0 and need <= max then wait = ask.ends - now end
      if short == nil or (longest ~= -1 and (wait == -1 or wait > longest)) then short, longest = i, wait end
    end
  end
  asks[i] = ask
end
if short ~= nil then return { 0, short - 1, longest } end
local reply = { 1 }
for _, ask in ipairs(asks) do
  if ask.granted >= 0 then
    if ask.kind == 'Slot' then
      redis.call('ZADD', ask.key, now + lease, slot)
      redis.call('PEXPIRE', ask.key, lease)
    elseif ask.ends == 0 then
      ask.ends = beginWindow(ask.key, ask.granted, ask.windowMs)
    elseif ask.granted > 0 then
      redis.call('HINCRBY', ask.key, 'used', ask.granted)
    end
  end
  reply[#reply + 1] = ask.granted
  reply[#reply + 1] = ask.ends
end
return reply
`,
}

/**
 * ARGV: lease, then for each key one of: Settle amount window windowMs; Free slot; Renew slot; Count member (renewed likewise).
 * Answers how many members the last counted key has.
 */
export const changeScript: Script = {
  name: 'change',
  text: `${now}${readWindow}
local lease, at, members = tonumber(ARGV[1]), 1, 0
for _, key in ipairs(KEYS) do
  local what = ARGV[at + 1]
  if what == 'Settle' then
    local amount, window, windowMs = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
    local used, ends = readWindow(key)
    if ends > 0 and (amount > 0 or ends == window) then
      redis.call('HSET', key, 'used', math.max(0, used + amount))
    elseif ends == 0 and amount > 0 then
      beginWindow(key, amount, windowMs)
    end
    at = at + 4
  elseif what == 'Free' then
    redis.call('ZREM', key, ARGV[at + 2])
    at = at + 2
  else
    redis.call('ZADD', key, now + lease, ARGV[at + 2])
    redis.call('PEXPIRE', key, lease)
    if what == 'Count' then
      redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
      members = redis.call('ZCARD', key)
    end
    at = at + 2
  end
end
return members
`,
}
