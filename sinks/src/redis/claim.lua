-- Makes the caller the writer of partitions.
-- KEYS: the installation's key, the progress of each partition.
-- ARGV: the installation.
-- Answers `claimed` with the offset wanted next and the new epoch of each partition, or `installation` with the one
-- whose data is here.
local found = redis.call('GET', KEYS[1])
if found and found ~= ARGV[1] then
    return {'installation', found}
end
redis.call('SET', KEYS[1], ARGV[1])
local answer = {'claimed'}
for i = 2, #KEYS do
    redis.call('HSETNX', KEYS[i], 'next', '0')
    local epoch = redis.call('HINCRBY', KEYS[i], 'epoch', 1)
    answer[#answer + 1] = redis.call('HGET', KEYS[i], 'next')
    answer[#answer + 1] = string.format('%d', epoch)
end
return answer
