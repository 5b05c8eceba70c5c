-- Leases tokens of a bucket: as many as are wanted, or as there are.
-- The bucket is kept as the time at which it would be full again (the generic cell rate algorithm, ITU-T I.371), so an idle one is none.
-- KEYS: the bucket. ARGV: microseconds a token, tokens in a full bucket, tokens that are wanted.
-- Answers how many there are, and if none, after how many microseconds there will be one.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local interval, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local left = math.floor((burst * interval - (full_at - now)) / interval)
if left < 1 then
    return {0, full_at + interval - burst * interval - now}
end
local granted = math.min(left, wanted)
full_at = full_at + granted * interval
redis.call('SET', KEYS[1], string.format('%d', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1000)
return {granted, 0}
