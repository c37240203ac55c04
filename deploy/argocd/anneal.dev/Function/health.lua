local function says(status, message)
  return {status = status, message = message}
end

local status = obj.status
-- Before the operator has seen this generation, its conditions are about another.
if status == nil or status.conditions == nil or status.observedGeneration ~= obj.metadata.generation then
  return says("Progressing", "Waiting for the operator to see this generation")
end
local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local stalled, ready = conditions.Stalled, conditions.Ready
if stalled ~= nil and stalled.status == "True" then
  return says("Degraded", stalled.message)
end
-- A function that serves is healthy at every stage: the climb may take hours.
if ready ~= nil and ready.status == "True" then
  return says("Healthy", ready.message)
end
return says("Progressing", status.next or (ready or {}).message or "")
