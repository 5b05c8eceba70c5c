-- Writes a batch and its progress, if the progress is what the batch starts from.
-- KEYS: the installation's key, the progress of each partition, each payment, each outcome.
-- ARGV: the installation, the channel of notices, seconds to live; the number of partitions, then epoch, from and to of
-- each; the number of payments, then sequence and state of each; the number of outcomes, then each; the ids of the
-- payments that changed.
-- Answers `applied`, or `installation` with the one whose data is here, or `fenced` or `stale` with the number of the
-- first partition that does not fit, counted from 0.
local last_key, last_arg = 0, 0
local function key()
    last_key = last_key + 1
    return KEYS[last_key]
end
local function arg()
    last_arg = last_arg + 1
    return ARGV[last_arg]
end

local found, installation = redis.call('GET', key()), arg()
if found and found ~= installation then
    return {'installation', found}
end
local channel, seconds = arg(), arg()

local progress = {}
for i = 1, tonumber(arg()) do
    local at, epoch, from, to = key(), arg(), arg(), arg()
    local stored = redis.call('HMGET', at, 'epoch', 'next')
    if stored[1] and tonumber(stored[1]) > tonumber(epoch) then
        return {'fenced', string.format('%d', i - 1)}
    end
    if not found or stored[1] ~= epoch or stored[2] ~= from then
        return {'stale', string.format('%d', i - 1)}
    end
    progress[i] = {at, to}
end

for _ = 1, tonumber(arg()) do
    local payment, sequence, state = key(), arg(), arg()
    local stored = redis.call('HGET', payment, 'sequence')
    if not stored or tonumber(stored) < tonumber(sequence) then
        redis.call('HSET', payment, 'sequence', sequence, 'state', state)
        redis.call('EXPIRE', payment, seconds)
    end
end
for _ = 1, tonumber(arg()) do
    redis.call('SET', key(), arg(), 'EX', seconds)
end
for _, step in ipairs(progress) do
    redis.call('HSET', step[1], 'next', step[2])
end
while last_arg < #ARGV do
    redis.call('PUBLISH', channel, arg())
end
return {'applied'}
