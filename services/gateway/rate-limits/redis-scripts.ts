/**
 * Decides on one request by all of its limits, and counts it by all of them or by none. KEYS: one of each rate, then the
 * slots' where there are any. ARGV: the slots (0 for none), the name and the microseconds of a slot's lease; then of each
 * rate its interval, its burst, and how many requests were let through elsewhere. The same as `decide` in `gcra`, but that
 * what was let through elsewhere is owed first. Returns whether it passes, the slots in use, and of each rate its decision.
 */
export const ADMIT = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local slots, lease = tonumber(ARGV[1]), tonumber(ARGV[3])
local rates = slots > 0 and #KEYS - 1 or #KEYS
local passes, in_use, owed, wait = 1, 0, {}, {}
for i = 1, rates do
  local interval, burst, elsewhere = tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2]), tonumber(ARGV[3 * i + 3])
  local full_at = tonumber(redis.call('GET', KEYS[i]) or now)
  owed[i] = math.min(math.max(full_at - now, 0) + elsewhere * interval, burst * interval)
  wait[i] = owed[i] + interval - burst * interval
  if wait[i] > 0 then passes = 0 end
end
if slots > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[#KEYS], '-inf', string.format('%.0f', now))
  in_use = redis.call('ZCARD', KEYS[#KEYS])
  if in_use >= slots then passes = 0 end
  if passes == 1 then
    in_use = in_use + 1
    redis.call('ZADD', KEYS[#KEYS], string.format('%.0f', now + lease), ARGV[2])
    redis.call('PEXPIRE', KEYS[#KEYS], math.ceil(lease / 1000))
  end
end
local reply = { passes, in_use }
for i = 1, rates do
  local interval, elsewhere = tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 3])
  local full_in = passes == 1 and owed[i] + interval or owed[i]
  if passes == 1 or (elsewhere > 0 and full_in > 0) then
    redis.call('SET', KEYS[i], string.format('%.0f', now + full_in), 'PX', math.ceil(full_in / 1000))
  end
  reply[2 * i + 1], reply[2 * i + 2] = wait[i], full_in
end
return reply`

/** Takes back what ADMIT has counted. KEYS: one of each rate; ARGV: its interval. */
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
