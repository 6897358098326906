--- What conditions ask an evaluation for (engine.new_run makes one): its time, in zones too, and
-- what policy's own code is given. Each is worked out when it is asked for first.
local schema = require "sentinel.schema"

local run = {}

--- Seconds since 1970, or nil; run.lacks_time is true then.
function run.epoch_time(self)
  local epoch = self.epoch
  if epoch == nil then
    local moment = self.request.time
    self.lacks_time = moment == nil
    epoch = moment and host.parse_time(moment) or false
    self.epoch = epoch
  end
  return epoch or nil
end

--- The minute of the week, from Monday, in a zone, or nil. The zone that was asked for last is
-- remembered.
function run.in_zone(self, zone)
  if self.zone ~= zone then
    local epoch = run.epoch_time(self)
    self.minute = epoch and host.local_minute(zone, epoch)
    self.zone = zone
  end
  return self.minute
end

-- What policy's code says to a request that nobody made is not known (remedies.lua).
local function check_open(self)
  if self.is_closed then
    error("code of policy is asked nothing twice", 0)
  end
end

--- The request as functions of policy see it.
function run.view(self)
  check_open(self)
  if not self.read_only then
    self.read_only = host.readonly(self.request, {
      name = "request", strict = true, fields = schema.request_fields,
    })
  end
  return self.read_only
end

--- What a plugin is given (plugins.lua); once for each plugin.
function run.plugin_inputs(self, plugin)
  check_open(self)
  self.inputs = self.inputs or {}
  local inputs = self.inputs[plugin] or require("sentinel.plugins").inputs(plugin, self)
  self.inputs[plugin] = inputs
  return inputs
end

return run
