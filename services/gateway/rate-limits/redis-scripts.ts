/**
 * Decides on requests, one after the other: on each by all of its limits, and counts it by all of them or by none. KEYS: of each
 * request one for each rate, then the slots' where it has any. ARGV: of each request the number of its rates, the slots (0 for
 * none), the name and the microseconds of a slot's lease (0 where nothing is to be counted); then of each rate its interval, its burst, and how many requests were
 * let through elsewhere. The same as `decide` in `gcra`, but that what was let through elsewhere is owed first. Returns of each
 * request whether it passes, the slots in use, and of each rate its decision.
 */
export const ADMIT = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local reply, key, arg = {}, 0, 0
while arg < #ARGV do
  local rates, slots, lease = tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2]), tonumber(ARGV[arg + 4])
  local passes, in_use, owed, wait = 1, 0, {}, {}
  for i = 1, rates do
    local interval, burst, elsewhere = tonumber(ARGV[arg + 3 * i + 2]), tonumber(ARGV[arg + 3 * i + 3]), tonumber(ARGV[arg + 3 * i + 4])
    local full_at = tonumber(redis.call('GET', KEYS[key + i]) or now)
    owed[i] = math.min(math.max(full_at - now, 0) + elsewhere * interval, burst * interval)
    wait[i] = owed[i] + interval - burst * interval
    if wait[i] > 0 then passes = 0 end
  end
  if slots > 0 then
    local held = KEYS[key + rates + 1]
    redis.call('ZREMRANGEBYSCORE', held, '-inf', string.format('%.0f', now))
    in_use = redis.call('ZCARD', held)
    if in_use >= slots then passes = 0 end
    if passes == 1 and lease > 0 then
      in_use = in_use + 1
      redis.call('ZADD', held, string.format('%.0f', now + lease), ARGV[arg + 3])
      redis.call('PEXPIRE', held, math.ceil(lease / 1000))
    end
  end
  local counts = passes == 1 and lease > 0
  reply[#reply + 1], reply[#reply + 2] = passes, in_use
  for i = 1, rates do
    local interval, elsewhere = tonumber(ARGV[arg + 3 * i + 2]), tonumber(ARGV[arg + 3 * i + 4])
    local full_in = counts and owed[i] + interval or owed[i]
    if counts or (elsewhere > 0 and full_in > 0) then
      redis.call('SET', KEYS[key + i], string.format('%.0f', now + full_in), 'PX', math.ceil(full_in / 1000))
    end
    reply[#reply + 1], reply[#reply + 2] = wait[i], full_in
  end
  key = key + rates + (slots > 0 and 1 or 0)
  arg = arg + 4 + 3 * rates
end
return reply`

/**
 * Counts requests of one rate in advance, as long as half of its burst is free. KEYS: the rate's; ARGV: its interval, its burst,
 * and how many requests at most. Returns how many, and the microseconds until all of the burst is free.
 */
export const LEASE = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local owed = math.max(tonumber(redis.call('GET', KEYS[1]) or now) - now, 0)
local requests = math.max(0, math.min(tonumber(ARGV[3]), math.floor((burst * interval / 2 - owed) / interval)))
if requests > 0 then
  owed = owed + requests * interval
  redis.call('SET', KEYS[1], string.format('%.0f', now + owed), 'PX', math.ceil(owed / 1000))
end
return { requests, owed }`

/** Takes back what was counted. KEYS: one of each rate; ARGV: the interval of each, by as many requests. */
export const UNDO = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for i = 1, #KEYS do
  local full_in = tonumber(redis.call('GET', KEYS[i]) or now) - tonumber(ARGV[i]) - now
  if full_in > 0 then
    redis.call('SET', KEYS[i], string.format('%.0f', now + full_in), 'PX', math.ceil(full_in / 1000))
  else
    redis.call('DEL', KEYS[i])
  end
end`

/** Renews the leases of slots, also of those that were lost. ARGV: the microseconds of a lease, then the names. */
export const RENEW = `
local time = redis.call('TIME')
local until_us = string.format('%.0f', time[1] * 1000000 + time[2] + ARGV[1])
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], until_us, ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[1] / 1000))`
